/* The feature classes and the names of their features. A further class is one more row and one more file. */
#include "muscle/radiomics/radiomics.h"

static const char *const shape[] = {
    "Elongation", "Flatness", "LeastAxisLength", "MajorAxisLength", "Maximum2DDiameterColumn", "Maximum2DDiameterRow",
    "Maximum2DDiameterSlice", "Maximum3DDiameter", "MeshVolume", "MinorAxisLength", "Sphericity", "SurfaceArea",
    "SurfaceVolumeRatio", "VoxelVolume"};
static const char *const shape2d[] = {"Elongation", "MajorAxisLength", "MaximumDiameter", "MeshSurface", "MinorAxisLength",
                                      "Perimeter", "PerimeterSurfaceRatio", "PixelSurface", "Sphericity"};
static const char *const firstorder[] = {
    "10Percentile", "90Percentile", "Energy", "Entropy", "InterquartileRange", "Kurtosis", "Maximum", "MeanAbsoluteDeviation",
    "Mean", "Median", "Minimum", "Range", "RobustMeanAbsoluteDeviation", "RootMeanSquared", "Skewness", "TotalEnergy",
    "Uniformity", "Variance"};

const lb_feature_class lb_feature_classes[] = {
    {"shape", shape, LB_COUNT(shape), lb_shape_compute},
    {"shape2D", shape2d, LB_COUNT(shape2d), lb_shape2d_compute},
    {"firstorder", firstorder, LB_COUNT(firstorder), lb_firstorder_compute},
};
const size_t lb_feature_class_count = LB_COUNT(lb_feature_classes);

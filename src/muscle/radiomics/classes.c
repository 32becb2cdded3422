/* The feature classes and the names of their features. A further class is one more row and one more file. */
#include "muscle/radiomics/texture.h"

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

static const char *const glcm[] = {
    "Autocorrelation", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast", "Correlation", "DifferenceAverage",
    "DifferenceEntropy", "DifferenceVariance", "Id", "Idm", "Idmn", "Idn", "Imc1", "Imc2", "InverseVariance", "JointAverage",
    "JointEnergy", "JointEntropy", "MCC", "MaximumProbability", "SumAverage", "SumEntropy", "SumSquares"};
static const char *const glrlm[] = {
    "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance", "HighGrayLevelRunEmphasis",
    "LongRunEmphasis", "LongRunHighGrayLevelEmphasis", "LongRunLowGrayLevelEmphasis", "LowGrayLevelRunEmphasis", "RunEntropy",
    "RunLengthNonUniformity", "RunLengthNonUniformityNormalized", "RunPercentage", "RunVariance", "ShortRunEmphasis",
    "ShortRunHighGrayLevelEmphasis", "ShortRunLowGrayLevelEmphasis"};
static const char *const glszm[] = {
    "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized", "GrayLevelVariance", "HighGrayLevelZoneEmphasis",
    "LargeAreaEmphasis", "LargeAreaHighGrayLevelEmphasis", "LargeAreaLowGrayLevelEmphasis", "LowGrayLevelZoneEmphasis",
    "SizeZoneNonUniformity", "SizeZoneNonUniformityNormalized", "SmallAreaEmphasis", "SmallAreaHighGrayLevelEmphasis",
    "SmallAreaLowGrayLevelEmphasis", "ZoneEntropy", "ZonePercentage", "ZoneVariance"};
static const char *const gldm[] = {
    "DependenceEntropy", "DependenceNonUniformity", "DependenceNonUniformityNormalized", "DependenceVariance",
    "GrayLevelNonUniformity", "GrayLevelVariance", "HighGrayLevelEmphasis", "LargeDependenceEmphasis",
    "LargeDependenceHighGrayLevelEmphasis", "LargeDependenceLowGrayLevelEmphasis", "LowGrayLevelEmphasis",
    "SmallDependenceEmphasis", "SmallDependenceHighGrayLevelEmphasis", "SmallDependenceLowGrayLevelEmphasis"};
static const char *const ngtdm[] = {"Busyness", "Coarseness", "Complexity", "Contrast", "Strength"};

const lb_feature_class lb_feature_classes[] = {
    {"shape", shape, LB_COUNT(shape), lb_shape_compute},
    {"shape2D", shape2d, LB_COUNT(shape2d), lb_shape2d_compute},
    {"firstorder", firstorder, LB_COUNT(firstorder), lb_firstorder_compute},
    {"glcm", glcm, LB_COUNT(glcm), lb_glcm_compute},
    {"glrlm", glrlm, LB_COUNT(glrlm), lb_glrlm_compute},
    {"glszm", glszm, LB_COUNT(glszm), lb_glszm_compute},
    {"gldm", gldm, LB_COUNT(gldm), lb_gldm_compute},
    {"ngtdm", ngtdm, LB_COUNT(ngtdm), lb_ngtdm_compute},
};
const size_t lb_feature_class_count = LB_COUNT(lb_feature_classes);

/* DICOM objects through DCMTK: the one C++ file of Lumbar, with a C face (dicom.h). It parses, gives values, and unpacks
 * pixels (native, RLE, JPEG, JPEG-LS); JPEG 2000 is handed out as code streams. No knowledge of images lives here. */
#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmdata/dcistrma.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmjpls/djdecode.h>

#include <climits>
#include <cmath>
#include <cstring>
#include <mutex>
#include <new>
#include <string>

#include "muscle/files/dicom.h"

/* Bytes in memory as a stream that DCMTK can come back to: it then skips a long value and loads it when it is asked for.
 * DCMTK's own stream over a buffer cannot do so, and reserves what a header claims before it looks whether it is there. */
namespace {
class bytes_producer : public DcmProducer {
public:
    bytes_producer(const unsigned char *data, offile_off_t length, offile_off_t at) : data_(data), length_(length), at_(at), status_(EC_Normal) {}
    OFBool good() const override { return status_.good(); }
    OFCondition status() const override { return status_; }
    OFBool eos() override { return at_ >= length_; }
    offile_off_t avail() override { return length_ - at_; }
    offile_off_t read(void *to, offile_off_t wanted) override
    {
        offile_off_t now = wanted < length_ - at_ ? wanted : length_ - at_;
        if (now <= 0) return 0;
        memcpy(to, data_ + at_, static_cast<size_t>(now));
        at_ += now;
        return now;
    }
    offile_off_t skip(offile_off_t wanted) override
    {
        offile_off_t now = wanted < length_ - at_ ? wanted : length_ - at_;
        if (now <= 0) return 0;
        at_ += now;
        return now;
    }
    void putback(offile_off_t count) override
    {
        if (count > at_) status_ = EC_PutbackFailed;
        else at_ -= count;
    }
    offile_off_t place() const { return at_; }

private:
    const unsigned char *data_;
    offile_off_t length_, at_;
    OFCondition status_;
};

class bytes_stream : public DcmInputStream {
public:
    bytes_stream(const unsigned char *data, offile_off_t length, offile_off_t at)
        : DcmInputStream(&producer_), data_(data), length_(length), producer_(data, length, at) {}
    DcmInputStreamFactory *newFactory() const override;

private:
    const unsigned char *data_;
    offile_off_t length_;
    bytes_producer producer_;
};

class bytes_factory : public DcmInputStreamFactory {
public:
    bytes_factory(const unsigned char *data, offile_off_t length, offile_off_t at) : data_(data), length_(length), at_(at) {}
    DcmInputStream *create() const override { return new bytes_stream(data_, length_, at_); }
    DcmInputStreamFactory *clone() const override { return new bytes_factory(data_, length_, at_); }
    DcmInputStreamFactoryType ident() const override { return DFT_DcmInputFileStreamFactory; }

private:
    const unsigned char *data_;
    offile_off_t length_, at_;
};

DcmInputStreamFactory *bytes_stream::newFactory() const
{
    return currentProducer() == &producer_ ? new bytes_factory(data_, length_, producer_.place()) : nullptr; /* not while inflating */
}
} // namespace

struct lb_dcm {
    DcmFileFormat format;
    E_TransferSyntax syntax = EXS_Unknown;
    std::string uid;
    OFString name;
};

static const DcmItem *inner(const lb_dcm_item *item) { return reinterpret_cast<const DcmItem *>(item); }
static DcmItem *inner_mutable(const lb_dcm_item *item) { return const_cast<DcmItem *>(inner(item)); }
static DcmTagKey key_of(uint32_t tag) { return DcmTagKey(static_cast<Uint16>(tag >> 16), static_cast<Uint16>(tag)); }

/* DCMTK's codecs and logger are process-wide; they are set up once and never changed. */
static void prepare()
{
    static std::once_flag once;
    std::call_once(once, [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        DcmRLEDecoderRegistration::registerCodecs();
        DJDecoderRegistration::registerCodecs();
        DJLSDecoderRegistration::registerCodecs();
    });
}

extern "C" void lb_dcm_prepare(void)
{
    prepare();
    dcmDataDict.isDictionaryLoaded(); /* loads it */
}

static int refuse(lb_error *err, const char *name, const char *what, const char *detail)
{
    lb_fail(err, LB_BAD_DATA, "%s", what);
    lb_error_where(err, "%s", name ? name : "DICOM file");
    if (detail && *detail) lb_error_detail(err, "%s", detail);
    lb_error_hint(err, "copy the file from its source again, or export the series anew");
    return LB_BAD_DATA;
}

extern "C" int lb_dcm_open(const lb_bytes *bytes, bool header_only, lb_dcm **out, lb_error *err)
{
    *out = nullptr;
    prepare();
    if (bytes->length == 0 || bytes->length > INT32_MAX) return refuse(err, bytes->name, "the file is empty or above 2 GiB", "");
    try {
        lb_dcm *dcm = new lb_dcm;
        bytes_stream stream(bytes->data, static_cast<offile_off_t>(bytes->length), 0);
        dcm->format.transferInit();
        OFCondition status = header_only
                                 ? dcm->format.readUntilTag(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength, DCM_PixelData)
                                 : dcm->format.read(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
        dcm->format.transferEnd();
        if (status.bad()) {
            int code = refuse(err, bytes->name, "the DICOM file is damaged or cut short", status.text());
            delete dcm;
            return code;
        }
        dcm->syntax = dcm->format.getDataset()->getOriginalXfer();
        dcm->uid = DcmXfer(dcm->syntax).getXferID();
        dcm->name = bytes->name ? bytes->name : "DICOM file";
        *out = dcm;
        return LB_OK;
    } catch (const std::bad_alloc &) {
        return lb_fail(err, LB_NO_MEMORY, "not enough memory to read a DICOM file");
    } catch (...) {
        return refuse(err, bytes->name, "the DICOM file cannot be read", "");
    }
}

extern "C" void lb_dcm_close(lb_dcm *dcm) { delete dcm; }

extern "C" const lb_dcm_item *lb_dcm_root(const lb_dcm *dcm)
{
    return reinterpret_cast<const lb_dcm_item *>(static_cast<DcmItem *>(const_cast<lb_dcm *>(dcm)->format.getDataset()));
}

extern "C" const char *lb_dcm_syntax(const lb_dcm *dcm) { return dcm->uid.c_str(); }

extern "C" bool lb_dcm_text(const lb_dcm_item *item, uint32_t tag, char *out, size_t size)
{
    out[0] = '\0';
    if (!item) return false;
    try {
        OFString text;
        DcmElement *element = nullptr;
        if (inner_mutable(item)->findAndGetElement(key_of(tag), element).bad() || !element) return false;
        if (element->getOFStringArray(text).bad()) return false;
        size_t length = text.length() < size - 1 ? text.length() : size - 1;
        memcpy(out, text.c_str(), length);
        out[length] = '\0';
        while (length > 0 && (out[length - 1] == ' ' || out[length - 1] == '\0')) out[--length] = '\0';
        for (size_t i = 0; i < length; i++)
            if (static_cast<unsigned char>(out[i]) < ' ') out[i] = ' ';
        return length > 0;
    } catch (...) {
        return false;
    }
}

static bool number_at(DcmElement *element, unsigned long index, double *out)
{
    Float64 real;
    if (element->getFloat64(real, index).good()) return *out = real, true;
    Sint32 whole;
    if (element->getSint32(whole, index).good()) return *out = whole, true;
    Uint32 natural;
    if (element->getUint32(natural, index).good()) return *out = natural, true;
    Uint16 small_number;
    if (element->getUint16(small_number, index).good()) return *out = small_number, true;
    Sint16 small_signed;
    if (element->getSint16(small_signed, index).good()) return *out = small_signed, true;
    Float32 single;
    if (element->getFloat32(single, index).good()) return *out = static_cast<double>(single), true;
    OFString text; /* elements of unknown kind that hold digits */
    double number;
    if (element->getOFString(text, index).bad() || !lb_text_number(text.c_str(), text.length(), &number)) return false;
    return *out = number, true;
}

extern "C" size_t lb_dcm_numbers(const lb_dcm_item *item, uint32_t tag, double *out, size_t most)
{
    if (!item) return 0;
    try {
        DcmElement *element = nullptr;
        if (inner_mutable(item)->findAndGetElement(key_of(tag), element).bad() || !element) return 0;
        /* A private element whose kind the file does not say: two or four bytes are a whole number. */
        if (element->ident() == EVR_UN) {
            Uint8 *raw = nullptr;
            if (element->getUint8Array(raw).bad() || !raw || element->getLength() != 2 || most == 0) return 0;
            out[0] = raw[0] | raw[1] << 8;
            return 1;
        }
        if (element->ident() == EVR_DS) { /* long lists (contours) in one pass */
            OFVector<Float64> values;
            if (static_cast<DcmDecimalString *>(element)->getFloat64Vector(values).bad()) return 0;
            size_t count = values.size() < most ? values.size() : most;
            for (size_t i = 0; i < count; i++) out[i] = values[i];
            return count;
        }
        unsigned long count = element->getVM();
        size_t found = 0;
        while (found < most && found < count && number_at(element, found, &out[found])) found++;
        return found;
    } catch (...) {
        return 0;
    }
}

extern "C" size_t lb_dcm_count(const lb_dcm_item *item, uint32_t tag)
{
    DcmElement *element = nullptr;
    if (!item || inner_mutable(item)->findAndGetElement(key_of(tag), element).bad() || !element) return 0;
    return element->getVM();
}

static DcmSequenceOfItems *sequence_at(const lb_dcm_item *item, uint32_t tag)
{
    DcmSequenceOfItems *sequence = nullptr;
    if (!item || inner_mutable(item)->findAndGetSequence(key_of(tag), sequence).bad()) return nullptr;
    return sequence;
}

extern "C" size_t lb_dcm_items(const lb_dcm_item *item, uint32_t tag)
{
    DcmSequenceOfItems *sequence = sequence_at(item, tag);
    return sequence ? sequence->card() : 0;
}

extern "C" const lb_dcm_item *lb_dcm_item_at(const lb_dcm_item *item, uint32_t tag, size_t index)
{
    DcmSequenceOfItems *sequence = sequence_at(item, tag);
    if (!sequence || index >= sequence->card()) return nullptr;
    return reinterpret_cast<const lb_dcm_item *>(sequence->getItem(index));
}

extern "C" const uint8_t *lb_dcm_raw(const lb_dcm_item *item, uint32_t tag, size_t *length)
{
    DcmElement *element = nullptr;
    Uint8 *bytes = nullptr;
    *length = 0;
    if (!item || inner_mutable(item)->findAndGetElement(key_of(tag), element).bad() || !element) return nullptr;
    if (element->ident() == EVR_OW) {
        Uint16 *words = nullptr;
        if (element->getUint16Array(words).bad() || !words) return nullptr;
        bytes = reinterpret_cast<Uint8 *>(words);
    } else if (element->getUint8Array(bytes).bad() || !bytes) {
        return nullptr;
    }
    *length = element->getLength();
    return bytes;
}

static DcmElement *pixel_element(lb_dcm *dcm)
{
    DcmElement *element = nullptr;
    if (dcm->format.getDataset()->findAndGetElement(DCM_PixelData, element).bad()) return nullptr;
    return element;
}

extern "C" int lb_dcm_pixels(lb_dcm *dcm, const uint8_t **data, size_t *length, lb_error *err)
{
    *data = nullptr;
    *length = 0;
    try {
        DcmDataset *set = dcm->format.getDataset();
        OFCondition status = set->chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
        if (status.bad()) {
            lb_fail(err, LB_BAD_DATA, "the pixels cannot be unpacked (%s)", DcmXfer(dcm->syntax).getXferName());
            lb_error_where(err, "%s", dcm->name.c_str());
            lb_error_detail(err, "%s", status.text());
            lb_error_hint(err, "export the series again without compression");
            return LB_BAD_DATA;
        }
        DcmElement *element = pixel_element(dcm);
        if (!element) return refuse(err, dcm->name.c_str(), "the DICOM file holds no pixels", "");
        Uint16 bits = 16;
        set->findAndGetUint16(DCM_BitsAllocated, bits);
        element->loadAllDataIntoMemory();
        Uint16 *words = nullptr;
        Uint8 *bytes = nullptr;
        if (element->ident() == EVR_OB || (element->getVR() == EVR_OB)) {
            if (element->getUint8Array(bytes).bad()) bytes = nullptr;
        } else if (element->getUint16Array(words).good() && words) {
            bytes = reinterpret_cast<Uint8 *>(words);
        }
        if (!bytes && element->getUint8Array(bytes).bad()) bytes = nullptr;
        if (!bytes && element->getUint16Array(words).good()) bytes = reinterpret_cast<Uint8 *>(words);
        if (!bytes) return refuse(err, dcm->name.c_str(), "the pixels cannot be read", "");
        *data = bytes;
        *length = element->getLength();
        return LB_OK;
    } catch (const std::bad_alloc &) {
        return lb_fail(err, LB_NO_MEMORY, "not enough memory to unpack the pixels");
    } catch (...) {
        return refuse(err, dcm->name.c_str(), "the pixels cannot be unpacked", "");
    }
}

static DcmPixelSequence *encapsulated(lb_dcm *dcm)
{
    DcmPixelData *pixels = dynamic_cast<DcmPixelData *>(pixel_element(dcm));
    DcmPixelSequence *sequence = nullptr;
    E_TransferSyntax type = EXS_Unknown;
    const DcmRepresentationParameter *parameter = nullptr;
    if (!pixels) return nullptr;
    pixels->getOriginalRepresentationKey(type, parameter);
    if (!DcmXfer(type).isEncapsulated()) return nullptr;
    if (pixels->getEncapsulatedRepresentation(type, parameter, sequence).bad()) return nullptr;
    return sequence;
}

extern "C" size_t lb_dcm_fragments(lb_dcm *dcm)
{
    DcmPixelSequence *sequence = encapsulated(dcm);
    return sequence ? sequence->card() : 0;
}

extern "C" const uint8_t *lb_dcm_fragment(lb_dcm *dcm, size_t index, size_t *length)
{
    DcmPixelSequence *sequence = encapsulated(dcm);
    DcmPixelItem *item = nullptr;
    Uint8 *bytes = nullptr;
    *length = 0;
    if (!sequence || sequence->getItem(item, index).bad() || !item || item->getUint8Array(bytes).bad() || !bytes)
        return nullptr;
    *length = item->getLength();
    return bytes;
}

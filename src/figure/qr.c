/* QR codes (ISO/IEC 18004) as SVG: the modules by libqrencode, one path of squares with the quiet zone of four. */
#include <lumbar/figure.h>

#include <qrencode.h>

int lb_qr_svg(const char *text, lb_buf *out, lb_error *err)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code) return lb_fail(err, LB_TOO_LARGE, "the text is too long for a QR code");
    int size = code->width + 8;
    lb_buf_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">", size, size);
    lb_buf_printf(out, "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path fill=\"#000\" d=\"", size, size);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0, end; x < code->width; x = end + 1) {
            end = x;
            while (end < code->width && (code->data[y * code->width + end] & 1)) end++;
            if (end > x) lb_buf_printf(out, "M%d %dh%dv1h-%dz", x + 4, y + 4, end - x, end - x);
        }
    }
    lb_buf_puts(out, "\"/></svg>");
    QRcode_free(code);
    return LB_OK;
}

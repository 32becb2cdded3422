/* The parts of the calculator's page, put into the program when it is built: the predictor for browsers, style, script, body. */
#ifndef LUMBAR_PREDICT_EMBEDDED_H
#define LUMBAR_PREDICT_EMBEDDED_H

extern const unsigned char lb_embedded_wasm[], lb_embedded_wasm_end[];
extern const unsigned char lb_embedded_style[], lb_embedded_style_end[];
extern const unsigned char lb_embedded_words[], lb_embedded_words_end[];
extern const unsigned char lb_embedded_script[], lb_embedded_script_end[];
extern const unsigned char lb_embedded_body[], lb_embedded_body_end[];

#endif

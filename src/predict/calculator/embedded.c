/* The files themselves, included by the assembler; CMake says where they are. */
#include "predict/calculator/embedded.h"

#define INCLUDE(name, file)                                                                                                            \
    __asm__(".section .rodata\n.balign 16\n.global " #name "\n" #name ":\n.incbin \"" file "\"\n.global " #name "_end\n" #name "_end:\n" \
            ".byte 0\n.text\n")

INCLUDE(lb_embedded_wasm, LUMBAR_CALCULATOR_WASM);
INCLUDE(lb_embedded_style, LUMBAR_CALCULATOR_PAGE "/calculator.css");
INCLUDE(lb_embedded_words, LUMBAR_CALCULATOR_PAGE "/words.js");
INCLUDE(lb_embedded_script, LUMBAR_CALCULATOR_PAGE "/calculator.js");
INCLUDE(lb_embedded_body, LUMBAR_CALCULATOR_PAGE "/body.html");

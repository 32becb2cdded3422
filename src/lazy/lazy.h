/* Stubs of functions whose library is loaded by their first call; CMakeLists.txt lists the libraries, lazy.c says how. */
#ifndef LUMBAR_LAZY_H
#define LUMBAR_LAZY_H

typedef struct lb_lazy_function {
    const char *name;
    unsigned library; /**< which of lb_lazy_library[] */
} lb_lazy_function;

typedef struct lb_lazy_file {
    const char *name, *package; /**< package: Debian's, of the machine this was built on; may be empty */
} lb_lazy_file;

extern const lb_lazy_file lb_lazy_library[];
extern const lb_lazy_function lb_lazy_name[];

/** The address of function `index`; ends the program with a message when its library cannot be loaded. */
void *lb_lazy_find(unsigned index);

/* A function of that name that jumps to where its slot points: first to the lines after it, which hand the number of the slot
 * to lb_lazy_first_call(), later to the function itself. */
#define LB_LAZY_STUB(index, function)                                                                                           \
    __asm__(".text\n"                                                                                                           \
            ".globl " #function "\n.hidden " #function "\n.type " #function ", @function\n" #function ":\n"                     \
            "    .cfi_startproc\n"                                                                                             \
            "    endbr64\n"                                                                                                     \
            "    jmp *.Lslot" #index "(%rip)\n"                                                                                 \
            ".Lfirst" #index ":\n"                                                                                              \
            "    endbr64\n"                                                                                                     \
            "    push $" #index "\n"                                                                                            \
            "    .cfi_adjust_cfa_offset 8\n"                                                                                    \
            "    lea .Lslot" #index "(%rip), %r11\n"                                                                            \
            "    jmp lb_lazy_first_call\n"                                                                                      \
            "    .cfi_endproc\n"                                                                                               \
            ".size " #function ", . - " #function "\n"                                                                          \
            ".section .data.lazy, \"aw\"\n.balign 8\n.Lslot" #index ": .quad .Lfirst" #index "\n.text\n");

#endif

/* The first call of a function whose library is not loaded yet. The stub (lazy.h) comes here with the arguments of the call
 * still in their registers: they are kept, the library is loaded, the slot is set, the registers are put back and the call
 * goes on as if nothing had been. Registers and alignment as in the System V ABI for AMD64, section 3.2. */
#include "lazy/lazy.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void *lb_lazy_find(unsigned index)
{
    const lb_lazy_function *function = &lb_lazy_name[index];
    const lb_lazy_file *library = &lb_lazy_library[function->library];
    void *handle = dlopen(library->name, RTLD_LAZY | RTLD_LOCAL), *address = handle ? dlsym(handle, function->name) : NULL;
    if (!address) {
        const char *why = dlerror();
        bool debian = library->package[0] != '\0';
        fprintf(stderr, "lumbar: error: the library %s is needed for this and cannot be loaded (%s)\n", library->name, why ? why : "no reason given");
        fprintf(stderr, "hint: install the package it is in%s%s\n", debian ? "; on Debian: apt install " : "", library->package);
        exit(1);
    }
    return address;
}

/* On the stack: the slot's number, then the caller's return address. r11: the slot. Two threads at once find the same. */
__asm__(".text\n"
        ".globl lb_lazy_first_call\n.hidden lb_lazy_first_call\n.type lb_lazy_first_call, @function\n"
        "lb_lazy_first_call:\n"
        "    .cfi_startproc\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    push %rbp\n"
        "    .cfi_adjust_cfa_offset 8\n"
        "    .cfi_rel_offset %rbp, 0\n"
        "    mov %rsp, %rbp\n"
        "    .cfi_def_cfa_register %rbp\n"
        "    sub $200, %rsp\n"
        "    mov %rax, 128(%rsp)\n"
        "    mov %rdi, 136(%rsp)\n"
        "    mov %rsi, 144(%rsp)\n"
        "    mov %rdx, 152(%rsp)\n"
        "    mov %rcx, 160(%rsp)\n"
        "    mov %r8, 168(%rsp)\n"
        "    mov %r9, 176(%rsp)\n"
        "    mov %r11, 184(%rsp)\n"
        "    movups %xmm0, (%rsp)\n"
        "    movups %xmm1, 16(%rsp)\n"
        "    movups %xmm2, 32(%rsp)\n"
        "    movups %xmm3, 48(%rsp)\n"
        "    movups %xmm4, 64(%rsp)\n"
        "    movups %xmm5, 80(%rsp)\n"
        "    movups %xmm6, 96(%rsp)\n"
        "    movups %xmm7, 112(%rsp)\n"
        "    mov 8(%rbp), %edi\n"
        "    call lb_lazy_find\n"
        "    mov 184(%rsp), %r11\n"
        "    mov %rax, (%r11)\n"
        "    mov %rax, %r11\n"
        "    mov 128(%rsp), %rax\n"
        "    mov 136(%rsp), %rdi\n"
        "    mov 144(%rsp), %rsi\n"
        "    mov 152(%rsp), %rdx\n"
        "    mov 160(%rsp), %rcx\n"
        "    mov 168(%rsp), %r8\n"
        "    mov 176(%rsp), %r9\n"
        "    movups (%rsp), %xmm0\n"
        "    movups 16(%rsp), %xmm1\n"
        "    movups 32(%rsp), %xmm2\n"
        "    movups 48(%rsp), %xmm3\n"
        "    movups 64(%rsp), %xmm4\n"
        "    movups 80(%rsp), %xmm5\n"
        "    movups 96(%rsp), %xmm6\n"
        "    movups 112(%rsp), %xmm7\n"
        "    leave\n"
        "    .cfi_def_cfa %rsp, 16\n"
        "    add $8, %rsp\n"
        "    .cfi_def_cfa_offset 8\n"
        "    jmp *%r11\n"
        "    .cfi_endproc\n"
        ".size lb_lazy_first_call, . - lb_lazy_first_call\n");

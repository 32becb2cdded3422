/* Formulas: any text is a formula or a message; a formula builds a design over a small table, or says why not. */
#include <assert.h>

#include <lumbar/data.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 300) return 0;
    static const char csv[] = "y,x,a,b\n1,2,u,p\n2,1,v,q\n4,3,u,q\n3,NA,v,p\n5,2,u,p\n2,4,v,q\n";
    lb_arena *arena = lb_arena_new();
    lb_bytes bytes = {(const uint8_t *)csv, sizeof csv - 1, "small.csv"};
    lb_csv_options options = LB_CSV_OPTIONS_INIT;
    lb_design_options none = {0};
    lb_table *table = NULL;
    lb_formula *formula = NULL;
    lb_design *design = NULL;
    lb_error err = LB_ERROR_INIT;
    int status = lb_csv_read(&bytes, &options, arena, &table, &err);
    assert(status == 0);
    status = lb_formula_parse(lb_arena_textn(arena, (const char *)data, size), arena, &formula, &err);
    if (status == 0) status = lb_design_build(formula, table, &none, arena, &design, &err);
    assert(status == 0 ? design->n <= 6 : err.message[0] != '\0');
    lb_arena_free(arena);
    return 0;
}

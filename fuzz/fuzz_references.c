/* Files of reviewers: RIS, RevMan 5, RevMan's CSV, its zip, a review document. The first byte chooses the reader; whatever
 * follows, reading ends and nothing is believed that was not checked. */
#include <stddef.h>
#include <stdint.h>

#include "evidence/dossier/dossier.h"
#include "evidence/exchange/revman.h"
#include "evidence/exchange/ris.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) return 0;
    lb_arena *arena = lb_arena_new();
    lb_error err = LB_ERROR_INIT;
    lb_bytes bytes = {data + 1, size - 1, "fuzz"};
    lb_value *records = NULL;
    lb_revman review;
    lb_dossier dossier;
    if (data[0] % 3 == 0) {
        if (lb_ris_read(&bytes, arena, &records, &err) == LB_OK) {
            size_t added, twice;
            lb_dossier_new(&dossier, "fuzz", arena);
            if (lb_dossier_add(&dossier, records, "fuzz", &added, &twice, &err) == LB_OK)
                for (size_t i = 0; i < records->count; i++) lb_ris_decisions(records->item[i], lb_value_array(arena), arena);
        }
    } else if (data[0] % 3 == 1) {
        if (lb_revman_read(&bytes, arena, &review, &err) != LB_OK && !err.message[0]) __builtin_trap();
    } else if (lb_dossier_read(&dossier, &bytes, arena, &err) == LB_OK) {
        lb_dossier_report(&dossier, "R1", lb_value_object(arena));
        lb_dossier_table(&dossier, arena);
    }
    lb_arena_free(arena);
    return 0;
}

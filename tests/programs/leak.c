/* Leaks on purpose, to show that Valgrind finds it. */
#include "ophio.h"

int main(void)
{
    for (int n = 0; n < 9; n++) {
        OphioEnhancementsCache *cache = NULL;
        ophio_enhancements_cache_new(10, &cache);
    }
    return 0;
}

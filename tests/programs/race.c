/* Two threads write results to one struct, on purpose, to show that ThreadSanitizer sees it. */
#include <ophio.h>
#include <pthread.h>
#include <string.h>

static OphioEnhancements *rules;
static OphioEnhancementsAppliedFrame applied;

static void *ask(void *nothing)
{
    OphioEnhancementsFrame frame;
    memset(&frame, 0, sizeof frame);
    for (int n = 0; n < 2000; n++) {
        ophio_enhancements_apply(rules, &frame, 1, sizeof frame, NULL, &applied, sizeof applied);
    }
    return nothing;
}

int main(void)
{
    pthread_t other;

    if (ophio_enhancements_new(&rules) != OPHIO_STATUS_OK) return 3;
    if (pthread_create(&other, NULL, ask, NULL) != 0) return 2;
    ask(NULL);
    pthread_join(other, NULL);
    ophio_enhancements_free(&rules);
    return 0;
}

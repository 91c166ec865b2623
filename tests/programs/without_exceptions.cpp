/* Uses the C++ layer where exceptions are off; with an argument it fails. */
#include <ophio.hpp>
int main(int argc, char **)
{
    ophio::glob glob;
    if (ophio::glob::try_make("[a", 0, glob) != OPHIO_STATUS_GLOB || glob) return 1;
    if (ophio::glob::try_make("a*", 0, glob) != OPHIO_STATUS_OK) return 2;
    if (argc > 1) ophio::glob("[a");
    return 0;
}

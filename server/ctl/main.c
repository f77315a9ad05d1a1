#include "schema/base/seclude.h"
#include "server/ctl/ctl.h"

int main(int argc, char **argv)
{
    seclude_process(); /* API keys, passwords and vendors' keys pass through here */
    return ctl_main(argc, argv);
}

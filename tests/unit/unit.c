/* SPDX-License-Identifier: MIT */

#include "tests/unit/unit.h"

#include <stdio.h>

int unit_run(Suite *suite)
{
        SRunner *runner = srunner_create(suite);
        int n_failed;
        int n_run;

        srunner_run_all(runner, CK_ENV);
        n_failed = srunner_ntests_failed(runner);
        n_run = srunner_ntests_run(runner);
        srunner_free(runner);

        /* An empty suite proves nothing. */
        if (n_run == 0)
                fprintf(stderr, "no test ran\n");
        return n_failed > 0 || n_run == 0;
}

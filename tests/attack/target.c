/* A running study to be attacked: prints address, cookie and token of a signed-in coordinator, serves until it is ended. */
#include "lumbar_test.h"
#include "api/study_fixture.h"

#include <signal.h>

int main(void)
{
    static study_fixture f;
    sigset_t ends;
    int received;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    fixture_start(&f, "metnlbp.yaml");
    study_user user = study_as(&f, "coordinator");
    lb_value *out;
    study_ask(&f, &user, "POST", "/api/people", "{\"site\":\"C01\"}", &out);
    printf("http://127.0.0.1:%u %s %s %s\n", f.port, user.cookie, user.token, lb_get_text(out, "subject", "S"));
    fflush(stdout);
    sigwait(&ends, &received);
    fixture_stop(&f);
    return 0;
}

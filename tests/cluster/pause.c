/* The first process of every pod: it holds the pod's namespaces open, and buries what its containers leave. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void bury(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) {} }
static void leave(int signal) { (void)signal; _exit(0); }

int main(void) {
  signal(SIGINT, leave);
  signal(SIGTERM, leave);
  signal(SIGCHLD, bury);
  for (;;) pause();
}

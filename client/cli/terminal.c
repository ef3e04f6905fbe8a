/* SPDX-License-Identifier: MIT */

#include "client/cli/terminal.h"

#include "base/defs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>

/*
 * Design notes. The question is asked in a thread that gets no signals. Those that would end or
 * stop the program while echo is off are caught: the handler leaves the number in a pipe, and the
 * thread puts the terminal right and then does to the program what the signal would have done. A
 * program that reads its signals itself (task.h) has them blocked, so that nothing is caught.
 */

#define CANCELLED 0 /* in the pipe, where there might be the number of a signal */

static const int caught[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };

typedef struct Terminal Terminal;

/* One question. */
struct Terminal {
        int fd;
        const pyrope_question *question;
        struct termios before;
        bool is_silent; /* echo is off */
        struct sigaction actions[ARRAY_SIZE(caught)];
};

static int told[2] = { -1, -1 }; /* pipe; both ends non-blocking */
static bool is_cancelled;        /* the asking threads', one at a time */

static bool is_foreground(int fd)
{
        return tcgetpgrp(fd) == getpgrp();
}

static int open_terminal(void)
{
        int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

        if (fd >= 0 && is_foreground(fd))
                return fd;
        closep(&fd);
        return -1;
}

bool terminal_find(void)
{
        CLEANUP(closep) int fd = open_terminal();

        return fd >= 0 && (told[0] >= 0 || !pipe2(told, O_CLOEXEC | O_NONBLOCK));
}

static void tell(int number)
{
        const char byte = (char)number;
        int saved = errno;

        if (write(told[1], &byte, 1) < 0) /* full of others, then; the first of them counts */
                errno = saved;
}

void terminal_cancel(void)
{
        if (told[1] >= 0)
                tell(CANCELLED);
}

/* -- the state of the terminal ----------------------------------------------------------------- */

static void catch_signals(Terminal *terminal)
{
        struct sigaction catching = { .sa_handler = tell, .sa_flags = SA_RESTART };

        sigfillset(&catching.sa_mask);
        for (size_t i = 0; i < ARRAY_SIZE(caught); i++) {
                (void)sigaction(caught[i], NULL, &terminal->actions[i]);
                if (terminal->actions[i].sa_handler == SIG_DFL)
                        (void)sigaction(caught[i], &catching, NULL);
        }
}

static void release_signals(Terminal *terminal)
{
        for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
                (void)sigaction(caught[i], &terminal->actions[i], NULL);
}

static void silence(Terminal *terminal)
{
        struct termios silent;

        if (terminal->question->is_echoed || tcgetattr(terminal->fd, &terminal->before))
                return;
        silent = terminal->before;
        silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
        /* What was typed before the question is no answer to it. */
        terminal->is_silent = !tcsetattr(terminal->fd, TCSAFLUSH, &silent);
}

static void put_right(Terminal *terminal)
{
        if (terminal->is_silent)
                (void)tcsetattr(terminal->fd, TCSADRAIN, &terminal->before);
        terminal->is_silent = false;
}

/* -- words ------------------------------------------------------------------------------------- */

/* Return: PYROPE_OK; PYROPE_E_TIMEOUT; PYROPE_E_CLOSED; PYROPE_E_IO. */
static pyrope_status wait_ready(const Terminal *terminal, short events, int timeout_ms)
{
        struct pollfd fds[] = { { .fd = terminal->fd, .events = events },
                                { .fd = told[0], .events = POLLIN },
                                { .fd = terminal->question->stop_fd, .events = POLLIN } };
        int n = poll(fds, ARRAY_SIZE(fds), timeout_ms);

        if (n < 0)
                return errno == EINTR ? PYROPE_OK : PYROPE_E_IO;
        if (fds[2].revents)
                return PYROPE_E_CLOSED;
        return n ? PYROPE_OK : PYROPE_E_TIMEOUT;
}

static void say(const Terminal *terminal, const char *text)
{
        size_t n = strlen(text);

        while (n) {
                ssize_t n_said = write(terminal->fd, text, n);

                if (n_said > 0) {
                        text += n_said;
                        n -= (size_t)n_said;
                } else if (errno != EAGAIN || wait_ready(terminal, POLLOUT, 1000)) {
                        return; /* a terminal that is held up shows nothing */
                }
        }
}

static void say_question(const Terminal *terminal)
{
        say(terminal, program_invocation_short_name);
        say(terminal, ": login to ");
        say(terminal, terminal->question->host);
        say(terminal, "\n");
        say(terminal, terminal->question->instruction);
        say(terminal, terminal->question->prompt);
}

/* -- the answer -------------------------------------------------------------------------------- */

/* What the signal does to the program; a stop lets it come back here. */
static void suffer(int number)
{
        sigset_t set, before;

        sigemptyset(&set);
        sigaddset(&set, number);
        (void)pthread_sigmask(SIG_UNBLOCK, &set, &before);
        (void)raise(number);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Does what was left in the pipe, with the terminal as it was before the question. */
static void obey(void)
{
        char byte;

        while (read(told[0], &byte, 1) == 1) {
                if (byte == CANCELLED)
                        is_cancelled = true;
                else
                        suffer(byte);
        }
}

static void begin(Terminal *terminal)
{
        catch_signals(terminal);
        silence(terminal); /* first, for it drops what has been typed */
        say_question(terminal);
}

static void end(Terminal *terminal)
{
        put_right(terminal);
        release_signals(terminal);
        obey();
}

/* Return: PYROPE_OK; PYROPE_E_DENIED if there is nothing more to wait for. */
static pyrope_status look_up(Terminal *terminal)
{
        struct pollfd pipe = { .fd = told[0], .events = POLLIN };

        if (poll(&pipe, 1, 0) <= 0)
                return PYROPE_OK;
        say(terminal, "\n");
        end(terminal);
        if (is_cancelled || !is_foreground(terminal->fd)) /* it goes on in the background */
                return PYROPE_E_DENIED;
        begin(terminal);
        return PYROPE_OK;
}

/* The end of a line ends the answer, that of a file (Ctrl-D) refuses it, as does an answer that is
 * too long. *@n: bytes that are there already. */
static pyrope_status read_some(const Terminal *terminal, char *answer, size_t *n)
{
        ssize_t n_got;

        n_got = read(terminal->fd, answer + *n, PYROPE_ANSWER_SIZE - *n);
        if (n_got < 0)
                return errno == EAGAIN || errno == EINTR ? PYROPE_OK : PYROPE_E_DENIED;
        if (n_got == 0)
                return PYROPE_E_DENIED;
        *n += (size_t)n_got;
        return *n == PYROPE_ANSWER_SIZE && answer[*n - 1] != '\n' ? PYROPE_E_DENIED : PYROPE_OK;
}

static int64_t now_ms(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static pyrope_status read_answer(Terminal *terminal, char *answer)
{
        const int64_t timeout_ms = terminal->question->timeout_ms;
        const int64_t until_ms = now_ms() + timeout_ms;
        pyrope_status status = PYROPE_OK;
        size_t n = 0;

        while (!status && (!n || answer[n - 1] != '\n')) {
                int64_t left_ms = until_ms - now_ms();

                status = wait_ready(terminal, POLLIN,
                                    timeout_ms < 0 ? -1 : (int)(left_ms < 0 ? 0 : left_ms));
                if (!status)
                        status = look_up(terminal);
                if (!status)
                        status = read_some(terminal, answer, &n);
        }
        if (!status)
                answer[n - 1] = '\0';
        return status;
}

pyrope_status terminal_ask(void *userdata, const pyrope_question *question, char *answer)
{
        CLEANUP(closep) int fd = open_terminal();
        Terminal terminal = { .fd = fd, .question = question };
        pyrope_status status;

        (void)userdata;
        if (fd < 0 || is_cancelled)
                return PYROPE_E_DENIED;
        begin(&terminal);
        status = read_answer(&terminal, answer);
        if (terminal.is_silent || status)
                say(&terminal, "\n"); /* nobody else has ended the line */
        end(&terminal);
        return status;
}

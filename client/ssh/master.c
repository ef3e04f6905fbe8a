/* SPDX-License-Identifier: MIT */

#include "client/ssh/master.h"

#include "base/private-dir.h"
#include "base/unix-socket.h"
#include "client/ssh/ask.h"
#include "client/ssh/run.h"
#include "proto/uri.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define PLACE         "/tmp" /* a short one: ssh's sockets have longer names while it makes them */
#define PREFIX        "pyrope-ssh-" /* then our process id, so that what a killed one left is known */
#define GRACE_MS      1000          /* between SIGTERM and SIGKILL */
#define CONTROL_MS    10000         /* for an order to the master, which needs no network */
#define END_MS        1000          /* for a process that ends, from its sockets to all of it */
#define SPEC_BYTES    512u
#define COMMAND_BYTES 1024u

/* The first value counts, so these win over what is included: for the hosts on the way, too. */
static const char overrides[] = "StrictHostKeyChecking yes\n"
                                "NoHostAuthenticationForLocalhost no\n"
                                "VerifyHostKeyDNS no\n"
                                "UpdateHostKeys no\n"
                                "ForwardAgent no\n"
                                "ForwardX11 no\n"
                                "ClearAllForwardings yes\n"
                                "Tunnel no\n"
                                "PermitLocalCommand no\n"
                                "RemoteCommand none\n"
                                "RequestTTY no\n"
                                "EscapeChar none\n"
                                "ControlPersist no\n"
                                "StreamLocalBindMask 0177\n"
                                "ServerAliveInterval 5\n"
                                "ServerAliveCountMax 2\n"
                                "LogLevel ERROR\n"; /* no banner, whose words are the host's */

/* -- its directory ----------------------------------------------------------------------------- */

static void remove_directory(const char *directory)
{
        DIR *entries = opendir(directory);
        const struct dirent *entry;

        while (entries && (entry = readdir(entries))) {
                if (entry->d_name[0] != '.')
                        (void)unlinkat(dirfd(entries), entry->d_name, 0);
        }
        if (entries)
                (void)closedir(entries);
        (void)rmdir(directory);
}

static bool is_listened_on(const char *path)
{
        int fd;

        if (unix_connect(path, deadline_in(0), &fd))
                return false;
        (void)close(fd);
        return true;
}

/* Removes the directories of processes that were killed. Somebody may share the place, but not see
 * our processes: what is listened on is left alone. */
static void sweep(void)
{
        DIR *entries = opendir(PLACE);
        const struct dirent *entry;
        char directory[SSH_MASTER_PATH_BYTES], control[SSH_MASTER_PATH_BYTES + 2];
        struct stat st;

        while (entries && (entry = readdir(entries))) {
                const char *rest = entry->d_name + strlen(PREFIX);

                if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0 ||
                    fstatat(dirfd(entries), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
                    !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
                    kill((pid_t)strtol(rest, NULL, 10), 0) == 0 || errno != ESRCH)
                        continue;
                (void)snprintf(directory, sizeof(directory), PLACE "/%.32s", entry->d_name);
                (void)snprintf(control, sizeof(control), "%s/c", directory);
                if (!is_listened_on(control))
                        remove_directory(directory);
        }
        if (entries)
                (void)closedir(entries);
}

static int write_config(const SshMaster *master, const SshSettings *settings, bool can_ask)
{
        char path[SSH_MASTER_PATH_BYTES];
        FILE *file;
        int r;

        (void)snprintf(path, sizeof(path), "%.40s/config", master->directory);
        if (settings->config_file && strpbrk(settings->config_file, "\"\\\n*?["))
                return -EINVAL; /* Include would take it for something else */
        file = fopen(path, "wxe");
        if (!file)
                return -errno;
        r = fputs(overrides, file);
        if (r >= 0 && !can_ask)
                r = fputs("BatchMode yes\n", file);
        if (r >= 0 && settings->config_file)
                r = fprintf(file, "Include \"%s\"\n", settings->config_file);
        else if (r >= 0)
                r = fputs("Include ~/.ssh/config\nInclude /etc/ssh/ssh_config\n", file);
        r = fclose(file) || r < 0 ? -EIO : 0;
        return r;
}

static pyrope_status make_directory(SshMaster *master, const SshSettings *settings, bool can_ask,
                                    pyrope_error **error)
{
        ErrorText why = { "" };
        char path[SSH_MASTER_PATH_BYTES];
        int r;

        sweep();
        (void)snprintf(path, sizeof(path), PLACE "/" PREFIX "%d-XXXXXX", (int)getpid());
        if (!mkdtemp(path))
                return error_set(error, PYROPE_E_IO, "%s: %s: %s", master->label, path,
                                 strerror(errno));
        memcpy(master->directory, path, sizeof(path));
        r = private_dir_check(master->directory, &why);
        if (r)
                return error_set(error, PYROPE_E_DENIED, "%s: %s", master->label, why.text);
        r = write_config(master, settings, can_ask);
        return r ? error_set(error, PYROPE_E_IO, "%s: %s: %s", master->label, master->directory,
                             strerror(-r))
                 : PYROPE_OK;
}

/* -- orders ------------------------------------------------------------------------------------ */

/* @what: with @spec "forward" or "cancel", without "check". */
static pyrope_status order(const SshMaster *master, const char *what, const char *spec,
                           const SshWatch *watch, pyrope_error **error)
{
        CLEANUP(ssh_run_deinit) SshRun run = SSH_RUN_INIT;
        const char *argv[12] = { "ssh", "-F", "/dev/null", "-S", master->control, "-O", what };
        pyrope_status status;
        size_t n = 7;

        if (spec) {
                argv[n++] = "-L";
                argv[n++] = spec;
        }
        argv[n++] = "--";
        argv[n++] = master->host;
        status = ssh_run(argv, watch, &run, error);
        if (status || (!run.is_missing && !run.exit_status))
                return status;
        return error_set(error, PYROPE_E_UNREACHABLE, "%s: its order to %s failed: %.*s",
                         master->label, what,
                         run.words.n ? (int)strcspn((const char *)run.words.data, "\r\n") : 0,
                         run.words.n ? (const char *)run.words.data : "");
}

static SshWatch watch_of(int stop_fd, Deadline deadline)
{
        return (SshWatch){ .stop_fd = stop_fd, .deadline = deadline };
}

/* -- its process ------------------------------------------------------------------------------- */

/* The child ends when the calling thread does. One that may ask stays in front of the terminal. */
static pid_t start_bound(char *const argv[], int words_fd, bool can_ask)
{
        static const char missing[] = "the program cannot be run; install openssh-client\n";
        pid_t parent = getpid(), pid = fork();
        sigset_t none;
        int null;

        if (pid)
                return pid;
        sigemptyset(&none);
        (void)signal(SIGPIPE, SIG_DFL);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != parent)
                _exit(127);
        if (!can_ask)
                (void)setpgid(0, 0);
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(words_fd, 2) < 0)
                _exit(127);
        (void)execvp(argv[0], argv);
        (void)!write(2, missing, sizeof(missing) - 1);
        _exit(127);
}

static pyrope_status launch(SshMaster *master, const SshSettings *settings, bool can_ask,
                            pyrope_error **error)
{
        const SshTarget *typed = &settings->typed;
        char config[SSH_MASTER_PATH_BYTES], port[8];
        const char *argv[24] = { "ssh",           "-F",    config,         "-M", "-S",
                                 master->control, "-NTxa", SSH_NEWS_OPTION };
        size_t n = 8;
        int words[2];

        (void)snprintf(config, sizeof(config), "%.40s/config", master->directory);
        (void)snprintf(port, sizeof(port), "%u", typed->port);
        if (typed->user) {
                argv[n++] = "-l";
                argv[n++] = typed->user;
        }
        if (typed->port) {
                argv[n++] = "-p";
                argv[n++] = port;
        }
        if (settings->hops) {
                argv[n++] = "-J";
                argv[n++] = settings->hops;
        }
        argv[n++] = "--";
        argv[n++] = typed->host;
        argv[n] = NULL;
        if (pipe2(words, O_CLOEXEC) < 0)
                return error_set(error, PYROPE_E_IO, "%s: pipe: %s", master->label,
                                 strerror(errno));
        master->words_fd = words[0];
        (void)fcntl(words[0], F_SETFL, O_NONBLOCK);
        /* execvp() takes char *const[] for history's sake and writes to none of it. */
        master->pid = start_bound((char *const *)(uintptr_t)argv, words[1], can_ask);
        (void)close(words[1]);
        if (master->pid < 0) {
                master->pid = 0;
                return error_set(error, PYROPE_E_IO, "%s: cannot be started: %s", master->label,
                                 strerror(errno));
        }
        master->exit_fd = pidfd_open(master->pid, 0);
        return master->exit_fd >= 0 ? PYROPE_OK
                                    : error_set(error, PYROPE_E_IO, "%s: pidfd: %s", master->label,
                                                strerror(errno));
}

/* -- its words --------------------------------------------------------------------------------- */

/* Of too many the last ones are kept. */
static void keep_words(SshMaster *master, const char *text)
{
        size_t n = strlen(text) + 1; /* with the end of a line */

        if (n == 1 || n > sizeof(master->words) - 1)
                return;
        while (master->n_words + n > sizeof(master->words) - 1) {
                char *end = memchr(master->words, '\n', master->n_words);
                size_t n_first = end ? (size_t)(end - master->words) + 1 : master->n_words;

                master->n_words -= n_first;
                memmove(master->words, master->words + n_first, master->n_words);
        }
        memcpy(master->words + master->n_words, text, n - 1);
        master->words[master->n_words + n - 1] = '\n';
        master->n_words += n;
        master->words[master->n_words] = '\0';
}

static void take_byte(SshMaster *master, char byte,
                      void (*on_news)(void *userdata, const SshNews *news), void *userdata)
{
        SshNews news;

        if (byte != '\n') {
                if (byte != '\r' && master->n_line < sizeof(master->line) - 1)
                        master->line[master->n_line++] = byte ? byte : ' ';
                return;
        }
        master->line[master->n_line] = '\0';
        master->n_line = 0;
        news = ssh_news_parse(master->line);
        if (news.kind == SSH_NEWS_OTHER)
                keep_words(master, news.text);
        else if (news.kind != SSH_NEWS_NOTHING)
                on_news(userdata, &news);
}

bool ssh_master_read(SshMaster *master, void (*on_news)(void *userdata, const SshNews *news),
                     void *userdata)
{
        char bytes[4096];
        ssize_t n;

        n = read(master->words_fd, bytes, sizeof(bytes));
        for (ssize_t i = 0; i < n; i++)
                take_byte(master, bytes[i], on_news, userdata);
        return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* The first line that tells why there is no login, else the last one. */
static pyrope_status find_reason(const SshMaster *master, char *out, size_t n_out)
{
        pyrope_status status = PYROPE_OK;
        const char *line = master->words;

        (void)snprintf(out, n_out, "it ended without a word");
        while (!status && *line) {
                size_t n = strcspn(line, "\n");

                (void)snprintf(out, n_out, "%.*s", (int)n, line);
                status = ssh_news_status(out);
                line += n + (line[n] == '\n');
        }
        return status ? status : PYROPE_E_UNREACHABLE;
}

pyrope_status ssh_master_fail(const SshMaster *master, pyrope_error **error)
{
        char reason[SSH_MASTER_LINE_BYTES];

        (void)find_reason(master, reason, sizeof(reason));
        return error_set(error, PYROPE_E_UNREACHABLE, "%s: the connection broke: %s", master->label,
                         reason);
}

/* What a person can do about it; "" if the reason says it. */
static void advise(const SshSettings *settings, pyrope_status status, const char *reason, char *out,
                   size_t n_out)
{
        bool is_unknown = strstr(reason, " is known for ");
        char command[COMMAND_BYTES];

        out[0] = '\0';
        if (status == PYROPE_E_HOST_KEY && strstr(reason, " has changed ")) {
                (void)snprintf(out, n_out,
                               "; somebody may be between you and the host; ask the administrator, "
                               "and only if the key was replaced remove it from %s",
                               settings->user_known_hosts.n ? settings->user_known_hosts.names[0]
                                                            : "known_hosts");
        } else if (is_unknown || status == PYROPE_E_AUTH) {
                (void)ssh_settings_command(settings, is_unknown ? NULL : "-v", command,
                                           sizeof(command));
                (void)snprintf(out, n_out,
                               is_unknown ? "; run '%s' once and compare the fingerprint"
                                          : "; '%s' tells more",
                               command);
        }
}

static pyrope_status fail_login(const SshMaster *master, const SshSettings *settings,
                                pyrope_error **error)
{
        char reason[SSH_MASTER_LINE_BYTES], advice[COMMAND_BYTES];
        pyrope_status status = find_reason(master, reason, sizeof(reason));
        const char *text = reason;
        size_t n = strlen(reason);

        if (n && reason[n - 1] == '.')
                reason[n - 1] = '\0';
        if (strncmp(reason, "ssh: ", strlen("ssh: ")) == 0) /* the label says it already */
                text += strlen("ssh: ");
        advise(settings, status, text, advice, sizeof(advice));
        return error_set(error, status, "%s: %s%s", master->label, text, advice);
}

/* -- logging in -------------------------------------------------------------------------------- */

/* The first channel of a master is the one where it takes orders: it is made after the login. */
static void on_login_news(void *userdata, const SshNews *news)
{
        bool *is_up = userdata;

        *is_up |= news->kind == SSH_NEWS_MADE;
}

static pyrope_status await_login(SshMaster *master, const SshSettings *settings,
                                 const SshWatch *watch, pyrope_error **error)
{
        struct pollfd polled[] = { { .fd = master->words_fd, .events = POLLIN },
                                   { .fd = master->exit_fd, .events = POLLIN } };
        char what[COMMAND_BYTES];
        pyrope_status status;
        bool is_up = false;

        (void)snprintf(what, sizeof(what), "%s: logging in", master->label);
        while (!is_up || access(master->control, F_OK) < 0) {
                status = ssh_watch_poll(watch, polled, ARRAY_SIZE(polled), DEADLINE_NONE, what,
                                        error);
                if (status)
                        return status;
                if (polled[0].revents && !ssh_master_read(master, on_login_news, &is_up))
                        polled[0].fd = -1;
                /* What it said last is read first. */
                if (polled[1].revents && (!polled[0].revents || polled[0].fd < 0))
                        return fail_login(master, settings, error);
        }
        master->n_words = 0; /* what it says from now on is of this session */
        master->words[0] = '\0';
        return PYROPE_OK;
}

/* The user's own master, if he has one that answers; else there will be one of ours. */
static pyrope_status set_control(SshMaster *master, const SshSettings *settings,
                                 const SshWatch *watch, pyrope_error **error)
{
        const SshWatch soon = watch_of(watch->stop_fd, deadline_in(CONTROL_MS));

        if (settings->control_path) {
                master->control = strdup(settings->control_path);
                master->is_foreign =
                        master->control && order(master, "check", NULL, &soon, NULL) == PYROPE_OK;
        }
        if (master->is_foreign)
                return PYROPE_OK;
        free(master->control);
        if (asprintf(&master->control, "%s/c", master->directory) < 0) {
                master->control = NULL;
                return error_nomem(error);
        }
        return PYROPE_OK;
}

/* Whether there is somebody to ask, at a terminal where ssh can do so. */
static bool can_be_asked(const SshWatch *watch)
{
        CLEANUP(closep)
        int fd = ssh_ask_can(watch) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;

        return fd >= 0;
}

pyrope_status ssh_master_start(const SshSettings *settings, const SshWatch *watch,
                               SshMaster *master, pyrope_error **error)
{
        bool can_ask = can_be_asked(watch);
        pyrope_status status;

        master->host = strdup(settings->typed.host);
        if (!master->host || asprintf(&master->label, "%s: ssh", settings->label) < 0) {
                master->label = NULL;
                return error_nomem(error);
        }
        status = make_directory(master, settings, can_ask, error);
        if (!status)
                status = set_control(master, settings, watch, error);
        if (!status && !master->is_foreign)
                status = launch(master, settings, can_ask, error);
        if (!status && !master->is_foreign)
                status = await_login(master, settings, watch, error);
        if (!status)
                ssh_watch_connected(watch);
        return status;
}

void ssh_master_end(SshMaster *master)
{
        struct pollfd exited = { .fd = master->exit_fd, .events = POLLIN };

        if (master->pid) {
                (void)kill(master->pid, SIGTERM);
                if (exited.fd < 0 || poll(&exited, 1, GRACE_MS) <= 0)
                        (void)kill(master->pid, SIGKILL);
                (void)ssh_run_wait(master->pid);
        }
        closep(&master->exit_fd);
        closep(&master->words_fd);
        if (master->directory[0])
                remove_directory(master->directory);
        free(master->label);
        free(master->host);
        free(master->control);
        *master = (SshMaster)SSH_MASTER_INIT;
}

/* -- what it does for us ----------------------------------------------------------------------- */

/* Characters that mean something to ssh in a forwarding, or that no path of ours has. */
static bool is_plain(const char *path)
{
        for (const char *at = path; *at; at++) {
                if ((unsigned char)*at < ' ' || *at == '\x7f' || strchr(":%$\\\"'", *at))
                        return false;
        }
        return true;
}

static int forwarding(const Location *to, const char *path, char out[static SPEC_BYTES])
{
        if (to->path)
                return snprintf(out, SPEC_BYTES, "%s:%s", path, to->path);
        return snprintf(out, SPEC_BYTES, strchr(to->host, ':') ? "%s:[%s]:%u" : "%s:%s:%u", path,
                        to->host, to->port);
}

pyrope_status ssh_master_listen(SshMaster *master, const Location *to, const SshWatch *watch,
                                char path[static SSH_MASTER_PATH_BYTES], pyrope_error **error)
{
        const SshWatch soon = watch_of(watch->stop_fd, deadline_in(CONTROL_MS));
        char spec[SPEC_BYTES];

        if (to->path && !is_plain(to->path))
                return error_set(
                        error, PYROPE_E_INVALID,
                        "%s: cannot forward to a path with one of : %% $ \\ ' \" in it: %s",
                        master->label, to->path);
        (void)snprintf(path, SSH_MASTER_PATH_BYTES, "%.40s/s%u", master->directory,
                       ++master->n_sockets);
        if (forwarding(to, path, spec) >= (int)SPEC_BYTES)
                return error_set(error, PYROPE_E_INVALID, "%s: a destination too long",
                                 master->label);
        return order(master, "forward", spec, &soon, error);
}

bool ssh_master_unlisten(const SshMaster *master, const Location *to, const char *path,
                         Deadline deadline)
{
        const SshWatch watch = watch_of(-1, deadline);
        char spec[SPEC_BYTES];

        (void)forwarding(to, path, spec);
        if (order(master, "cancel", spec, &watch, NULL))
                return false;
        (void)unlink(path);
        return true;
}

bool ssh_master_is_gone(const SshMaster *master)
{
        struct pollfd exited = { .fd = master->exit_fd, .events = POLLIN };
        const SshWatch watch = watch_of(-1, deadline_in(END_MS));

        if (master->is_foreign)
                return order(master, "check", NULL, &watch, NULL) != PYROPE_OK;
        return poll(&exited, 1, END_MS) > 0; /* its sockets end first */
}

/* Without a master that lives ssh would go on to log in by itself: the command that leads nowhere
 * is against that. */
pyrope_status ssh_master_run(const SshMaster *master, const char *command, const int fds[static 3],
                             pid_t *ret_pid, pyrope_error **error)
{
        const char *const argv[] = { "ssh",
                                     "-F",
                                     "/dev/null",
                                     "-S",
                                     master->control,
                                     "-oControlMaster=no",
                                     "-oProxyCommand=false",
                                     "-oLogLevel=ERROR",
                                     "-Txa",
                                     "--",
                                     master->host,
                                     command,
                                     NULL };
        int r;

        r = ssh_run_spawn(argv, fds, ret_pid);
        return r ? error_set(error, PYROPE_E_IO, "%s: cannot be started: %s", master->label,
                             strerror(-r))
                 : PYROPE_OK;
}

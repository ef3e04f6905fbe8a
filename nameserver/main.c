/* SPDX-License-Identifier: MIT */

/* The program `nameserver`: docs/nameserver.md. */

#include "base/log.h"
#include "base/options.h"
#include "base/process.h"
#include "broker/run.h"
#include "nameserver/nameserver.h"
#include "nameserver/setup.h"
#include "nameserver/store-copy.h"
#include "proto/value.h"

#include <pyrope/daemon.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>

typedef struct Server Server;

/* What runs, in the order in which it is made. */
struct Server {
        Settings settings; /* as read at the start */
        Settings latest;   /* as read last, by SIGHUP; has no configuration before the first */
        Setup setup;
        Store *store;
        StoreReaders *readers;
        NameServer nameserver;
        pyrope_daemon *daemon;
        char status[ERROR_TEXT_SIZE]; /* what systemd is told after a SIGHUP */
};

static SetupOptions said;
static const char *config_path; /* NULL or "": the default */
static const char *log_path;    /* NULL: as the configuration says */
static const char *listen_on;   /* ADDR:PORT, or NULL */
static bool only_check;
static bool set_aside;         /* a database that cannot be served */
static const char *backup;     /* FILE to write, or NULL */
static const char *restore;    /* FILE to read, or NULL */
static LogLevel default_level; /* where the configuration says none */

static const Option options[] = {
        { .name = "config",
          .letter = 'c',
          .argument = "FILE",
          .help = "read this configuration file, and FILE.d/*.conf (default "
                  "$XDG_CONFIG_HOME/pyrope/nameserver.conf, ~/.config/pyrope/nameserver.conf, if "
                  "it is there)",
          .string = &config_path },
        { .name = "check",
          .help = "see whether the configuration is right, and do nothing else",
          .flag = &only_check },
        { .name = "backup",
          .argument = "FILE",
          .help = "copy the database there, whether or not a nameserver runs, and do nothing else",
          .string = &backup },
        { .name = "restore",
          .argument = "FILE",
          .help = "put that copy in the place of the database, which is kept as "
                  "DATABASE.replaced-TIME, and do nothing else",
          .string = &restore },
        { .name = "set-aside",
          .help = "if the database cannot be served, keep it as DATABASE.damaged-TIME and begin "
                  "an empty one",
          .flag = &set_aside },
        { .name = "database",
          .letter = 'd',
          .argument = "FILE",
          .help = "keep the names there (default $XDG_STATE_HOME/pyrope/nameserver.db, "
                  "~/.local/state/pyrope/nameserver.db)",
          .string = &said.database },
        { .name = "socket",
          .letter = 's',
          .argument = "PATH",
          .help = "listen there (default " SETUP_SOCKET " in the runtime directory)",
          .string = &said.socket },
        { .name = "listen",
          .letter = 'l',
          .argument = "ADDR:PORT",
          .help = "listen on a port of the loopback interface, too: 127.0.0.1:PORT or [::1]:PORT, "
                  "port 0: any; only for programs of the same user",
          .string = &listen_on },
        { .name = "log",
          .argument = "FILE",
          .help = "write the log there instead of to standard error; SIGHUP opens it again",
          .string = &log_path },
        { .name = "zone",
          .argument = "ZONE",
          .help = "zone of this computer (default by its name and machine id)",
          .string = &said.zone },
        { .name = "runtime-dir",
          .argument = "DIR",
          .help = "the private directory for sockets",
          .string = &said.runtime_dir },
        { 0 },
};

static const Options program = {
        .program = "nameserver",
        .usage = "[OPTION...]",
        .summary = "Tell where remote objects are, by their names.",
        .environment = "PYROPE_CONFIG       the configuration file\n"
                       "PYROPE_ZONE         zone of this computer\n"
                       "PYROPE_RUNTIME_DIR  the private directory for sockets\n"
                       "PYROPE_LOG          error, warning, info or debug",
        .options = options,
};

static void server_deinit(Server *server)
{
        pyrope_daemon_free(server->daemon);
        nameserver_stop(&server->nameserver);
        store_readers_free(server->readers);
        store_close(server->store);
        setup_deinit(&server->setup);
        settings_deinit(&server->latest);
        settings_deinit(&server->settings);
}

static int fail(const char *text)
{
        (void)fprintf(stderr, "nameserver: %s\n", text);
        return OPTIONS_EXIT_FAILED;
}

/* The file itself is what is wrong, and would be so at the next start. */
static bool is_unusable(int r)
{
        return r == STORE_E_DAMAGED || r == STORE_E_FOREIGN || r == STORE_E_NEWER;
}

/* After store_open() has failed for the reason in @error. */
static int begin_anew(Server *server, ErrorText *error)
{
        CLEANUP(freep) char *kept = NULL;
        ErrorText why = *error;
        int r;

        r = store_set_aside(server->setup.database, &kept, error);
        if (r)
                return r;
        log_warning("%s", why.text);
        log_warning("%s: it is kept there, and an empty database begins", kept);
        return store_open(server->setup.database, &server->store, error);
}

static int open_store(Server *server, ErrorText *error)
{
        int r;

        r = store_open(server->setup.database, &server->store, error);
        if (set_aside && is_unusable(r))
                r = begin_anew(server, error);
        if (r)
                return r;
        r = store_readers_new(server->store, &server->readers);
        if (r)
                return r;
        server->nameserver = (NameServer){
                .store = server->store,
                .readers = server->readers,
                .zone = server->setup.zone,
        };
        return nameserver_start(&server->nameserver, error);
}

static pyrope_status open_daemon(Server *server, pyrope_error **error)
{
        const Settings *settings = &server->settings;
        pyrope_daemon_options daemon_options = {
                .socket = server->setup.socket,
                .listen = listen_on,
                .allowed_uids = settings->users,
                .n_allowed_uids = settings->n_users,
                .group = settings->has_group ? &settings->group : NULL,
        };
        pyrope_status status;

        status = pyrope_daemon_new(&daemon_options, &server->daemon, error);
        if (status)
                return status;
        return pyrope_daemon_register(server->daemon, NAMESERVER_OBJECT, &nameserver_class,
                                      &server->nameserver, error);
}

static int count(Server *server, size_t *ret, ErrorText *error)
{
        StoreReader *reader;
        int r;

        r = store_readers_take(server->readers, &reader, error);
        if (r)
                return r;
        r = store_reader_count(reader, ret, error);
        store_readers_give(server->readers, reader);
        return r;
}

static int announce(Server *server, ErrorText *error)
{
        CLEANUP(freep) char *uri = pyrope_daemon_uri(server->daemon, NAMESERVER_OBJECT);
        size_t n;
        int r;

        if (!uri)
                return -ENOMEM;
        r = nameserver_announce(&server->nameserver, uri, error);
        if (r == 0)
                r = count(server, &n, error);
        if (r == 0)
                log_info("%s: %zu names, zone %s", store_path(server->store), n,
                         server->setup.zone);
        return r;
}

static const char *text_of(const pyrope_error *error, pyrope_status status)
{
        return error ? pyrope_error_text(error) : pyrope_strerror(status);
}

/* -- SIGHUP ----------------------------------------------------------------------------------- */

/* The path of the log, or NULL: standard error. */
static const char *log_of(const Settings *settings)
{
        return log_path ? log_path : settings->log;
}

static void set_level(const Settings *settings)
{
        log_set_level(settings->has_log_level ? settings->log_level : default_level);
}

static int set_rules(Server *server, const Settings *settings)
{
        return rules_set(&server->nameserver.rules, settings->administrators,
                         settings->n_administrators, settings->n_names_max, settings->n_bytes_max);
}

/* What can change while we run. */
static int apply(Server *server, const Settings *settings, ErrorText *error)
{
        const char *fixed = settings_fixed(&server->settings, settings);

        if (pyrope_daemon_allow(server->daemon, settings->users, settings->n_users, NULL) ||
            set_rules(server, settings)) {
                error_text_set(error, "out of memory");
                return -ENOMEM;
        }
        set_level(settings);
        if (fixed)
                log_warning("'%s' differs from what it was at the start; it counts at the next one",
                            fixed);
        return 0;
}

static int reread(Server *server, ErrorText *error)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        Settings before;
        int r;

        if (!server->settings.file)
                return 0;
        r = settings_read(server->settings.file, &settings, error);
        if (r == 0)
                r = setup_check(&said, &settings, error);
        if (r == 0)
                r = apply(server, &settings, error);
        if (r)
                return r;
        before = server->latest;
        server->latest = settings;
        settings = before; /* to be freed */
        return 0;
}

/* First the log, so that what is said about the rest stands in the new file. A log that begins or
 * ends to be one counts at the next start: other threads write records meanwhile. */
static int reopen_log(Server *server, ErrorText *error)
{
        const Settings *latest = server->latest.config ? &server->latest : &server->settings;
        const char *path = log_of(latest);

        if (!log_of(&server->settings))
                return 0;
        return log_open(path ? path : log_of(&server->settings), error);
}

static const char *on_reload(void *userdata)
{
        Server *server = userdata;
        ErrorText error = { "" };
        int r;

        r = reread(server, &error);
        if (r)
                log_error("SIGHUP: the configuration stays as it was: %s", error.text);
        (void)snprintf(server->status, sizeof(server->status), "%s%.1000s",
                       r ? "configuration refused: " : "serving", r ? error.text : "");
        if (reopen_log(server, &error))
                log_error("SIGHUP: %s; the old file goes on", error.text);
        else if (r == 0)
                log_info("SIGHUP: configuration read, log opened again");
        return server->status;
}

/* -- the program ------------------------------------------------------------------------------ */

static const char *reason(const ErrorText *error)
{
        return error->text[0] ? error->text : "out of memory";
}

static int check(void)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        ErrorText error = { "" };
        int r;

        r = settings_read(config_path, &settings, &error);
        if (r == 0)
                r = setup_check(&said, &settings, &error);
        return r ? fail(reason(&error)) : OPTIONS_EXIT_DONE;
}

/* Says on standard output what there is now. */
static int copy(const char *database, ErrorText *error)
{
        CLEANUP(freep) char *kept = NULL;
        size_t n;
        int r;

        if (backup) {
                r = store_backup(database, backup, &n, error);
                if (r == 0)
                        (void)printf("%s: %zu names\n", backup, n);
                return r;
        }
        r = store_restore(database, restore, &kept, &n, error);
        if (r)
                return r;
        if (kept)
                (void)printf("%s: the database before\n", kept);
        (void)printf("%s: %zu names\n", database, n);
        return 0;
}

static int make_copy(void)
{
        CLEANUP(settings_deinit) Settings settings = { .file = NULL };
        CLEANUP(freep) char *database = NULL;
        ErrorText error = { "" };
        int r;

        if (backup && restore)
                return fail("either --backup or --restore");
        r = settings_read(config_path, &settings, &error);
        if (r == 0)
                r = setup_database(&said, &settings, &database, &error);
        if (r == 0)
                r = copy(database, &error);
        return r ? fail(reason(&error)) : OPTIONS_EXIT_DONE;
}

/* All that a start may stumble over, told to who started us; from then on the log has it. */
static int build(Server *server)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        ErrorText error = { "" };
        pyrope_status status;
        int r;

        r = settings_read(config_path, &server->settings, &error);
        if (r == 0)
                r = setup_make(&said, &server->settings, &server->setup, &error);
        if (r == 0)
                r = open_store(server, &error);
        if (r == 0)
                r = set_rules(server, &server->settings);
        if (r == 0 && log_of(&server->settings))
                r = log_open(log_of(&server->settings), &error);
        if (r)
                return fail(reason(&error));
        set_level(&server->settings);
        status = open_daemon(server, &why);
        if (status)
                return fail(text_of(why, status));
        return announce(server, &error) ? fail(reason(&error)) : 0;
}

static int serve(Server *server)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        const RunHooks hooks = { .on_reload = on_reload, .userdata = server };
        pyrope_status status;
        int r;

        r = build(server);
        if (r)
                return r;
        status = daemon_run(server->daemon, &hooks, &why);
        /* Then a method still uses all of it, until the process ends. */
        if (status == PYROPE_E_TIMEOUT)
                *server = (Server){ 0 };
        return status ? fail(text_of(why, status)) : OPTIONS_EXIT_DONE;
}

/* A SIGHUP that comes while we start waits until we run. */
static void hold_reload(void)
{
        sigset_t signals;

        sigemptyset(&signals);
        sigaddset(&signals, SIGHUP);
        (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int main(int argc, char **argv)
{
        CLEANUP(server_deinit) Server server = { 0 };
        OptionsResult rest;
        int r;

        if (process_sanitize())
                return OPTIONS_EXIT_FAILED;
        hold_reload();
        log_init("nameserver", LOG_LEVEL_INFO);
        default_level = log_get_level();
        config_path = getenv("PYROPE_CONFIG");
        r = options_parse(&program, argc, argv, &rest);
        if (r)
                return r == OPTIONS_E_SHOWN ? OPTIONS_EXIT_DONE : OPTIONS_EXIT_MISUSED;
        if (only_check)
                return check();
        return backup || restore ? make_copy() : serve(&server);
}

/* SPDX-License-Identifier: MIT */

/* The jobman program: reads its configuration, registers itself, serves until it is told to stop.
 */

#include "base/listen-fds.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/options.h"
#include "base/private-dir.h"
#include "base/process.h"
#include "base/runtime-dir.h"
#include "base/zone.h"
#include "jobman/instance.h"
#include "jobman/leftovers.h"
#include "jobman/methods.h"
#include "jobman/registrar.h"
#include "jobman/settings.h"
#include "jobman/supervisor.h"
#include "jobman/watch.h"
#include "jobman/work-dir.h"
#include "proto/value.h"

#include <pyrope/daemon.h>
#include <stdio.h>
#include <string.h>

#define JOBMAN_DRAIN_MS 10000 /* for calls that still run when the end has come */

typedef struct Jobman Jobman;

struct Jobman {
        Settings settings;
        char *runtime_dir;
        char *work_base;
        char *socket;
        char *nameserver; /* location */
        char zone[ZONE_SIZE];
        pyrope_context *context;
        pyrope_daemon *daemon;
        Watch *watch;
        JobTable table;
        Registrar registrar;
        InstanceHost host;
        MethodsSelf methods;
};

static const char *config_path, *socket_path, *zone_option, *runtime_dir_option, *listen_option;

static const Option options[] = {
        { .name = "config",
          .letter = 'c',
          .argument = "FILE",
          .help = "its configuration (default $PYROPE_CONFIG)",
          .string = &config_path },
        { .name = "socket",
          .letter = 's',
          .argument = "PATH",
          .help = "listen there (default: jobman-NAME.sock in the runtime directory)",
          .string = &socket_path },
        { .name = "listen",
          .letter = 'l',
          .argument = "ADDR:PORT",
          .help = "listen on a port of the loopback interface, too: 127.0.0.1:PORT or [::1]:PORT, "
                  "port 0: any; only for programs of the same user",
          .string = &listen_option },
        { .name = "zone", .argument = "ZONE", .help = "zone of this host", .string = &zone_option },
        { .name = "runtime-dir",
          .argument = "DIR",
          .help = "private directory of the sockets",
          .string = &runtime_dir_option },
        { 0 },
};

static const Options program = {
        .program = "jobman",
        .usage = "--config FILE [OPTION...]",
        .summary = "Allocate instances of applications on this compute server.",
        .environment = "PYROPE_CONFIG       the configuration file\n"
                       "PYROPE_NAMESERVER   where the nameserver listens\n"
                       "PYROPE_ZONE         zone of this host\n"
                       "PYROPE_RUNTIME_DIR  private directory of the sockets\n"
                       "PYROPE_LOG          error, warning, info or debug",
        .options = options,
};

static const char *first_of(const char *one, const char *two, const char *three)
{
        if (one)
                return one;
        return two ? two : three && *three ? three : NULL;
}

/* "Jobs@A" -> "jobman-Jobs-A.sock": of harmless letters, and short enough. */
static char *default_socket(const Jobman *self)
{
        char name[RUNTIME_NAME_MAX + 1], *at, *path;

        (void)snprintf(name, sizeof(name) - strlen(".sock"), "jobman-%s", self->settings.name);
        for (at = name; *at; at++) {
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", *at))
                        *at = '-';
        }
        return asprintf(&path, "%s/%s.sock", self->runtime_dir, name) < 0 ? NULL : path;
}

static char *default_work_base(void)
{
        const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
        char *path = NULL;
        int n;

        if (state && state[0] == '/')
                n = asprintf(&path, "%s/pyrope/jobs", state);
        else
                n = asprintf(&path, "%s/.local/state/pyrope/jobs", home ? home : "");
        return n < 0 ? NULL : path;
}

/* Directories, zone and socket: what a person may say, and where. Return: 0, 1 with @error set. */
static int find_places(Jobman *self, ErrorText *error)
{
        const char *runtime_dir = first_of(runtime_dir_option, self->settings.runtime_dir, NULL);
        const char *zone = first_of(zone_option, self->settings.zone, getenv("PYROPE_ZONE"));

        if (runtime_dir && setenv("PYROPE_RUNTIME_DIR", runtime_dir, 1) < 0)
                return 1;
        if (runtime_dir_create(&self->runtime_dir, error))
                return 1;
        if (zone && !zone_is_valid(zone)) {
                error_text_set(error, "'%s' is not a zone", zone);
                return 1;
        }
        if (zone)
                (void)snprintf(self->zone, sizeof(self->zone), "%s", zone);
        else
                zone_default(self->zone);
        self->work_base =
                self->settings.work_dir ? strdup(self->settings.work_dir) : default_work_base();
        self->socket = socket_path ? strdup(socket_path) : default_socket(self);
        if (!self->work_base || !self->socket)
                error_text_set(error, "out of memory");
        return !self->work_base || !self->socket;
}

static pyrope_status open_daemon(Jobman *self, pyrope_error **error)
{
        pyrope_daemon_options daemon_options = {
                .socket = listen_fds_are_given() ? NULL : self->socket,
                .listen = listen_option,
        };
        pyrope_options context_options = {
                .nameserver = self->settings.nameserver,
                .zone = self->zone,
                .runtime_dir = self->runtime_dir,
        };
        pyrope_status status;

        status = pyrope_context_new(&context_options, &self->context, error);
        if (!status)
                status = pyrope_where_nameserver(self->context, &self->nameserver, error);
        if (!status)
                status = pyrope_daemon_new(&daemon_options, &self->daemon, error);
        if (!status)
                status = pyrope_daemon_register(self->daemon, METHODS_OBJECT, &methods_class,
                                                &self->methods, error);
        return status;
}

static int build(Jobman *self, ErrorText *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;

        if (find_places(self, error) ||
            work_dir_base_open(self->work_base, &self->host.work_base_fd, error))
                return 1;
        if (open_daemon(self, &why)) {
                error_text_set(error, "%s", pyrope_error_text(why));
                return 1;
        }
        job_table_init(&self->table, &self->settings, self->runtime_dir);
        self->registrar = (Registrar){
                .context = self->context,
                .zone = self->zone,
                .ssh = self->settings.ssh,
                .lease_s = self->settings.lease_s,
        };
        self->host.table = &self->table;
        self->host.registrar = &self->registrar;
        self->host.context = self->context;
        self->host.jobman = self->settings.name;
        self->host.nameserver = self->nameserver;
        self->host.work_base = self->work_base;
        self->host.runtime_dir = self->runtime_dir;
        self->host.settings = &self->settings;
        self->methods = (MethodsSelf){ .settings = &self->settings, .host = &self->host };
        if (watch_new(&self->host, &self->watch)) {
                error_text_set(error, "cannot make the event loop");
                return 1;
        }
        self->host.watch = self->watch;
        return 0;
}

/* Tags by which clients find it: type:jobmanager, and one for each application. */
static int announce(Jobman *self, const char *uri, ErrorText *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        const char *tags[SETTINGS_APPLICATIONS_MAX + 1] = { "type:jobmanager" };
        char texts[SETTINGS_APPLICATIONS_MAX][SETTINGS_APPLICATION_NAME_BYTES + 16];
        RegistrarEntry entry = { .name = self->settings.name, .uri = uri, .tags = tags };
        size_t i;

        for (i = 0; i < self->settings.n_applications; i++) {
                (void)snprintf(texts[i], sizeof(texts[i]), "application:%s",
                               self->settings.applications[i].name);
                tags[i + 1] = texts[i];
        }
        entry.n_tags = self->settings.n_applications + 1;
        if (!registrar_add(&self->registrar, &entry, &why))
                return 0;
        error_text_set(error, "cannot register %s: %s", self->settings.name,
                       pyrope_error_text(why));
        return 1;
}

static int serve(Jobman *self, ErrorText *error)
{
        CLEANUP(pyrope_error_freep) pyrope_error *why = NULL;
        CLEANUP(freep) char *uri = pyrope_daemon_uri(self->daemon, METHODS_OBJECT);
        CLEANUP(freep) char *tcp_uri = pyrope_daemon_tcp_uri(self->daemon, METHODS_OBJECT);

        if (!uri || pyrope_daemon_start(self->daemon, &why)) {
                error_text_set(error, "%s", pyrope_error_text(why));
                return 1;
        }
        self->host.has_leftovers = !leftovers_remove(&self->host);
        if (announce(self, uri, error))
                return 1;
        if (tcp_uri)
                (void)printf("READY %s\n", tcp_uri);
        (void)printf("READY %s\n", uri);
        (void)fflush(stdout);
        notify_send("READY=1\nSTATUS=serving");
        watch_run(self->watch);

        notify_send("STOPPING=1\nSTATUS=ending instances");
        log_info("stopping");
        pyrope_daemon_stop(self->daemon);
        job_table_end_all(&self->table, "the job manager stopped");
        watch_drain(self->watch);
        (void)pyrope_daemon_wait(self->daemon, JOBMAN_DRAIN_MS);
        registrar_remove(&self->registrar, self->settings.name);
        return 0;
}

static void jobman_deinit(Jobman *self)
{
        (void)pyrope_daemon_free(self->daemon);
        self->watch = watch_free(self->watch);
        if (self->host.table)
                job_table_deinit(&self->table);
        (void)pyrope_context_free(self->context);
        closep(&self->host.work_base_fd);
        free(self->nameserver);
        free(self->socket);
        free(self->work_base);
        free(self->runtime_dir);
        settings_deinit(&self->settings);
}

static int run(void)
{
        Jobman self = { .host = { .work_base_fd = -1 } };
        ErrorText error = { "" };
        int r;

        r = settings_read(config_path, &self.settings, &error);
        if (!r)
                r = build(&self, &error);
        if (!r)
                r = serve(&self, &error);
        jobman_deinit(&self);
        if (!r)
                return OPTIONS_EXIT_DONE;
        (void)fprintf(stderr, "jobman: %s\n", error.text[0] ? error.text : "out of memory");
        return OPTIONS_EXIT_FAILED;
}

int main(int argc, char **argv)
{
        OptionsResult rest;
        int r;

        if (argc > 1 && !strcmp(argv[1], SUPERVISOR_COMMAND))
                return supervisor_main(argc - 2, argv + 2);
        if (process_sanitize() < 0)
                return OPTIONS_EXIT_FAILED;
        log_init("jobman", LOG_LEVEL_INFO);
        config_path = getenv("PYROPE_CONFIG");
        r = options_parse(&program, argc, argv, &rest);
        if (r)
                return r == OPTIONS_E_SHOWN ? OPTIONS_EXIT_DONE : OPTIONS_EXIT_MISUSED;
        if (!config_path || !*config_path) {
                (void)fputs("jobman: say --config FILE; try 'jobman --help'\n", stderr);
                return OPTIONS_EXIT_MISUSED;
        }
        return run();
}

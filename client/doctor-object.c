/* SPDX-License-Identifier: MIT */

#include "client/doctor-object.h"

#include "client/reach.h"
#include "client/ssh/settings.h"
#include "proto/message.h"

#include <stdio.h>
#include <string.h>

#define PINGS        20u
#define MANAGERS_MAX 16u /* that are looked at; a nameserver may claim any number */
#define HOLDERS_MAX  4u  /* of slots, that are named */
#define ASK_FREE     "getNumberOfFreeJobs"

/* -- daemons ----------------------------------------------------------------------------------- */

/* What its daemon says of itself, or nothing. */
static void ask_daemon(Doctor *doctor, const Target *found, Deadline deadline, ErrorText *ret)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *daemon = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *info = NULL;
        Target target = { .kind = TARGET_OBJECT, .text = strdup(MESSAGE_DAEMON_OBJECT) };
        const char *text;
        size_t n;

        if (!target.text || location_copy(&found->at, &target.at)) {
                target_deinit(&target);
                return;
        }
        if (!proxy_new(doctor->context, &target, deadline, &daemon, NULL) &&
            !proxy_callf(daemon, deadline, &info, NULL, "info", "") &&
            !pyrope_get_str(pyrope_value_view(info), &text, &n))
                error_text_set(ret, ": %.*s", (int)n, text);
}

static void advise_daemon(DoctorCheck *check, const Target *found, pyrope_status status)
{
        if (status == PYROPE_E_NOT_FOUND)
                doctor_remedy(check,
                              "the daemon there has no object '%s': what is registered is of an "
                              "earlier one; start it again, or 'pyrope remove' the name",
                              found->text);
        else if (status == PYROPE_E_PROTOCOL)
                doctor_remedy(check, "what listens there is no Pyro5 daemon; see what it is: "
                                     "'ss -xlp' or 'ss -tlp' over there");
        else if (status == PYROPE_E_DENIED && found->at.host && !found->at.ssh)
                doctor_remedy(check, "as root, 'ss -tlpn' shows which program has the port");
        else if (status == PYROPE_E_DENIED)
                doctor_remedy(check, "the daemon lets its own user in only: log in there as the "
                                     "one who runs it");
        else
                doctor_remedy(check, "see whether the daemon runs there, and its log: 'systemctl "
                                     "--user status pyrope-jobman' or 'pyrope-nameserver'");
}

pyrope_proxy *doctor_handshake(Doctor *doctor, const Target *found)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorCheck check = doctor_begin(doctor, "handshake");
        ErrorText who = { "" };
        Target target;
        pyrope_status status = PYROPE_E_NOMEM;

        if (!target_copy(found, &target))
                status = proxy_new(doctor->context, &target, check.deadline, &proxy, &error);
        if (status) {
                advise_daemon(&check, found, status);
                doctor_fail_by(&check, status, error, NULL);
                return NULL;
        }
        ask_daemon(doctor, found, check.deadline, &who);
        doctor_pass(&check, "'%s' answers%s", found->text, who.text);
        return TAKE(proxy);
}

void doctor_round_trip(Doctor *doctor, pyrope_proxy *proxy)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorCheck check = doctor_begin(doctor, "round trip");
        pyrope_status status = PYROPE_OK;
        double times_ms[PINGS];

        for (size_t i = 0; !status && i < PINGS; i++) {
                double before_ms = clock_fine_ms();

                status = pyrope_ping(proxy, deadline_left_ms(check.deadline), &error);
                times_ms[i] = clock_fine_ms() - before_ms;
        }
        doctor_remedy(&check, "the daemon is busy or the way to it was lost: try again");
        if (status)
                doctor_fail_by(&check, status, error, NULL);
        else
                doctor_pass(&check, "%.3f ms, the median of %u pings of the daemon",
                            doctor_median(times_ms, PINGS), PINGS);
}

/* -- the nameserver ---------------------------------------------------------------------------- */

/* @ssh: the way to the nameserver; NULL: it is on this machine, or nobody knows. */
static void advise_nameserver(DoctorCheck *check, const char *ssh, const char *text)
{
        if (strstr(text, "no nameserver is named"))
                doctor_remedy(check, "name it: '--nameserver ssh://HOST', or PYROPE_NAMESERVER in "
                                     "the environment; or start one here: 'nameserver'");
        else if (ssh)
                doctor_remedy(check,
                              "examine its host: 'pyrope doctor ssh://%s'; start it there: "
                              "'systemctl --user enable --now pyrope-nameserver.socket', or "
                              "'nameserver'",
                              ssh);
        else
                doctor_remedy(check, "start it: 'systemctl --user enable --now "
                                     "pyrope-nameserver.socket', or 'nameserver'");
}

/* How one gets to the first nameserver that the context names. */
static const char *named_ssh(const Doctor *doctor)
{
        return doctor->context->nameservers.items[0].given.ssh;
}

pyrope_proxy *doctor_nameserver(Doctor *doctor, const Location *at)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *count = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *label = NULL;
        DoctorCheck check = doctor_begin(doctor, "nameserver");
        pyrope_status status;
        int64_t n = 0;

        status = nameserver_connect(doctor->context, at, check.deadline, &nameserver, &error);
        if (!status)
                status = proxy_callf(nameserver, check.deadline, &count, &error, "count", "");
        if (!status && pyrope_get_int(pyrope_value_view(count), &n))
                status = error_set(&error, PYROPE_E_PROTOCOL, "the count of names is no number");
        if (status) {
                advise_nameserver(&check, at ? at->ssh : named_ssh(doctor),
                                  error_words(status, error));
                doctor_fail_by(&check, status, error, NULL);
                return NULL;
        }
        label = at ? reach_label(at) : nameserver_label(doctor->context);
        doctor_pass(&check, "%s knows %lld names", label ? label : "it", (long long)n);
        return TAKE(nameserver);
}

bool doctor_name(Doctor *doctor, const Target *target, Target *ret)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(freep) char *label = NULL;
        DoctorCheck check = doctor_begin(doctor, "name");
        pyrope_status status;

        status = nameserver_find(doctor->context, target, check.deadline, ret, &error);
        if (!status) {
                label = reach_label(&ret->at);
                doctor_pass(&check, "object '%s' at %s", ret->text, label ? label : "?");
                return true;
        }
        if (status == PYROPE_E_NOT_FOUND && !strstr(error_words(status, error), "no nameserver"))
                doctor_remedy(&check, "'pyrope list' prints the names there are; a job manager "
                                      "enters its own when it starts: 'systemctl --user start "
                                      "pyrope-jobman' on its host");
        else if (strstr(error_words(status, error), "no way there"))
                doctor_remedy(&check, "let it be registered with the host by which ssh gets there: "
                                      "'ssh = HOST' in the [jobman] section, or 'pyrope register "
                                      "--ssh HOST'");
        else
                advise_nameserver(&check, target->at.ssh ? target->at.ssh : named_ssh(doctor),
                                  error_words(status, error));
        doctor_fail_by(&check, status, error, NULL);
        return false;
}

/* -- job managers ------------------------------------------------------------------------------ */

bool doctor_is_manager(const pyrope_proxy *proxy)
{
        return proxy_has_method(proxy, ASK_FREE) && proxy_has_method(proxy, "allocateJob");
}

static void append_str(ErrorText *list, const char *before, pyrope_view item)
{
        const char *text;
        size_t n;

        if (!pyrope_get_str(item, &text, &n))
                error_text_set(list, "%s%s%.*s", list->text, before, (int)n, text);
}

/* "JOB of USER, ..." of those that hold a slot. */
static void append_holders(ErrorText *list, pyrope_view status)
{
        unsigned n = 0;
        pyrope_view job;

        for (pyrope_iter it = pyrope_each(status);
             n < HOLDERS_MAX && pyrope_next(&it, NULL, &job);) {
                if (pyrope_str_equals(pyrope_find(job, "state"), "done"))
                        continue;
                append_str(list, n++ ? ", " : ": held by ", pyrope_find(job, "job"));
                append_str(list, " of ", pyrope_find(job, "user"));
        }
}

void doctor_slots(Doctor *doctor, const char *name, pyrope_proxy *manager)
{
        CLEANUP(pyrope_value_freep) pyrope_value *free_jobs = NULL;
        CLEANUP(pyrope_value_freep) pyrope_value *jobs = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorCheck check = doctor_begin(doctor, "slots");
        ErrorText holders = { "" };
        pyrope_status status;
        int64_t n = 0;

        status = proxy_callf(manager, check.deadline, &free_jobs, &error, ASK_FREE, "");
        if (!status && pyrope_get_int(pyrope_value_view(free_jobs), &n))
                status = error_set(&error, PYROPE_E_PROTOCOL, "its free slots are no number");
        if (status) {
                doctor_fail_by(&check, status, error, NULL);
                return;
        }
        if (n > 0) {
                doctor_pass(&check, "%lld free at %s", (long long)n, name);
                return;
        }
        if (!proxy_callf(manager, check.deadline, &jobs, NULL, "getStatus", ""))
                append_holders(&holders, pyrope_value_view(jobs));
        doctor_remedy(&check,
                      "wait until one is released; end one of your own: pyrope call %s "
                      "terminateJob '\"JOB\"'; for more at once, 'maxJobs' in its configuration",
                      name);
        doctor_fail(&check, "none free at %s%s", name, holders.text);
}

/* Settings by which two names of one host can be told to be that. Return: owned; NULL: unknown. */
static char *key_of(const Doctor *doctor, const char *way, Deadline deadline)
{
        const SshWatch watch = { .stop_fd = -1, .deadline = deadline };
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;

        if (ssh_settings_read(doctor->context->ssh_config, way, &watch, &settings, NULL))
                return NULL;
        return ssh_settings_key(&settings);
}

static bool is_same_host(const Doctor *doctor, const char *ssh, const char *way, const char *key,
                         Deadline deadline)
{
        CLEANUP(freep) char *other = NULL;

        if (!ssh || !strcmp(ssh, way))
                return ssh;
        other = key ? key_of(doctor, ssh, deadline) : NULL;
        return other && !strcmp(other, key);
}

/* One that is registered for the host. */
static void check_manager(Doctor *doctor, const char *name, const Target *found)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *manager = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        DoctorCheck check = doctor_begin(doctor, "job manager");
        Target target;
        pyrope_status status = PYROPE_E_NOMEM;

        if (!target_copy(found, &target))
                status = proxy_new(doctor->context, &target, check.deadline, &manager, &error);
        if (status) {
                doctor_remedy(&check,
                              "it is registered and does not answer: start it again on its host, "
                              "'systemctl --user restart pyrope-jobman', or 'jobman --config "
                              "FILE'; or 'pyrope remove %s'",
                              name);
                doctor_fail_by(&check, status, error, NULL);
                return;
        }
        doctor_pass(&check, "%s answers", name);
        doctor_slots(doctor, name, manager);
}

/* A job manager that is registered, and of which the nameserver cannot say where it is. */
static void fail_lost(Doctor *doctor, const char *name, pyrope_status status,
                      const pyrope_error *error)
{
        DoctorCheck check = doctor_begin(doctor, "job manager");

        doctor_remedy(&check,
                      "see what is registered: pyrope call Pyro.NameServer resolve '\"%s\"'", name);
        doctor_fail_by(&check, status, error, NULL);
}

/* Whether a name of the nameserver's is one of the host, or may be; checks it then. */
static bool check_if_there(Doctor *doctor, pyrope_view key, const Location *nameserver,
                           const char *way, const char *way_key)
{
        CLEANUP(target_deinit) Target target = { .kind = TARGET_NAME }, found = { 0 };
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        Deadline deadline = doctor_deadline(doctor);
        pyrope_status status;
        const char *text;
        size_t n;

        if (pyrope_get_str(key, &text, &n) || !(target.text = strndup(text, n)) ||
            location_copy(nameserver, &target.at))
                return false;
        status = nameserver_find(doctor->context, &target, deadline, &found, &error);
        if (status)
                fail_lost(doctor, target.text, status, error);
        else if (is_same_host(doctor, found.at.ssh, way, way_key, deadline))
                check_manager(doctor, target.text, &found);
        else
                return false;
        return true;
}

static void warn_none(Doctor *doctor, const char *way, size_t n_known)
{
        DoctorCheck check = doctor_begin(doctor, "job manager");

        doctor_remedy(&check,
                      "if there should be one, start it on %s: 'systemctl --user enable --now "
                      "pyrope-jobman', with 'ssh = %s' in the [jobman] section of its "
                      "configuration; 'loginctl enable-linger' lets it outlive the last logout",
                      way, way);
        doctor_warn(&check, "none of this host is registered (%zu of others)", n_known);
}

void doctor_managers(Doctor *doctor, pyrope_proxy *nameserver, const char *way)
{
        Deadline deadline = doctor_deadline(doctor);
        CLEANUP(pyrope_value_freep) pyrope_value *names = NULL;
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(location_deinit) Location at = { 0 };
        CLEANUP(freep) char *key = key_of(doctor, way, deadline);
        size_t n = 0, n_there = 0;
        pyrope_view name, entry;
        DoctorCheck check;
        pyrope_status status;

        status = proxy_callf(nameserver, deadline, &names, &error, "yplookup", "[s]",
                             NAMESERVER_TAG_MANAGER);
        if (status || proxy_at(nameserver, &at)) {
                check = doctor_begin(doctor, "job manager");
                doctor_fail_by(&check, status ? status : PYROPE_E_NOMEM, error, NULL);
                return;
        }
        for (pyrope_iter it = pyrope_each(pyrope_value_view(names));
             n < MANAGERS_MAX && pyrope_next(&it, &name, &entry); n++)
                n_there += check_if_there(doctor, name, &at, way, key);
        if (!n_there)
                warn_none(doctor, way, pyrope_count(pyrope_value_view(names)));
}

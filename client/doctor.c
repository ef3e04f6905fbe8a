/* SPDX-License-Identifier: MIT */

#include "client/doctor-host.h"
#include "client/doctor-object.h"
#include "client/reach.h"
#include "client/ssh/resolve.h"

#include <stdio.h>
#include <string.h>

/*
 * Design notes: the host is examined on a session of our own (ssh-exam), for a pool tells only the
 * end of a login; what speaks Pyro5 is examined through the context, as a program would go. So one
 * examination logs in twice.
 */

typedef struct Subject Subject;

/* What a person named. */
struct Subject {
        char *way;     /* NULL: it is no host; owned */
        Target target; /* if it is none */
        char *doubt;   /* why it is taken for a host, though little speaks for it; NULL; owned */
};

static void subject_deinit(Subject *subject)
{
        free(subject->way);
        free(subject->doubt);
        target_deinit(&subject->target);
}

const char *pyrope_outcome_name(pyrope_outcome outcome)
{
        switch (outcome) {
        case PYROPE_PASSED:
                return "passed";
        case PYROPE_WARNING:
                return "warning";
        case PYROPE_FAILED:
                return "failed";
        case PYROPE_SKIPPED:
                return "skipped";
        }
        return "unknown";
}

/* -- host or name ------------------------------------------------------------------------------ */

/* Whether ssh or the name service knows more of it than that it could be a host. */
static bool is_known_host(const Doctor *doctor, const char *text)
{
        const SshWatch watch = { .stop_fd = -1, .deadline = doctor_deadline(doctor) };
        CLEANUP(ssh_settings_deinit) SshSettings settings = SSH_SETTINGS_INIT;
        CLEANUP(ssh_addresses_freep) SshAddresses *addresses = NULL;

        if (ssh_settings_read(doctor->context->ssh_config, text, &watch, &settings, NULL))
                return true; /* a configuration that says what cannot be done says something */
        if (settings.typed.port || settings.proxy_jump || settings.proxy_command ||
            strcasecmp(settings.host_name, settings.typed.host) != 0)
                return true;
        return !ssh_resolve(&settings, &watch, &addresses, NULL);
}

/* Whether it is a name, or could be one, as the nameserver cannot be asked. @ret_why: if not, why;
 * owned. */
static bool may_be_name(const Doctor *doctor, const Target *target, char **ret_why)
{
        CLEANUP(pyrope_error_freep) pyrope_error *error = NULL;
        CLEANUP(target_deinit) Target found = { 0 };
        pyrope_status status;

        status = nameserver_find(doctor->context, target, doctor_deadline(doctor), &found, &error);
        if (status != PYROPE_E_NOT_FOUND)
                return true;
        if (asprintf(ret_why, "nor is it a name: %s", error_words(status, error)) < 0)
                *ret_why = NULL;
        return false;
}

static bool is_host(const Doctor *doctor, const char *text, Subject *subject)
{
        if (!uri_is_ssh_way(text) || subject->target.kind != TARGET_NAME)
                return false;
        if (strchr(text, ','))
                return true;
        /* "Jobs@cluster" looks like a user's host, and seldom is one. */
        return (!strchr(text, '@') && is_known_host(doctor, text)) ||
               !may_be_name(doctor, &subject->target, &subject->doubt);
}

static pyrope_status read_subject(const Doctor *doctor, const char *text, Subject *ret,
                                  pyrope_error **error)
{
        const char *way = strncmp(text, URI_SSH_SCHEME, strlen(URI_SSH_SCHEME))
                                  ? NULL
                                  : text + strlen(URI_SSH_SCHEME);
        int r;

        if (way && !uri_is_ssh_way(way))
                return error_set(error, PYROPE_E_INVALID,
                                 "'%s' is not ssh:// and [user@]host[:port], or some of these with "
                                 "',' between them",
                                 text);
        r = way ? 0 : target_parse(text, &ret->target);
        if (r == TARGET_E_INVALID)
                return error_set(error, PYROPE_E_INVALID,
                                 "'%s' is neither a host, a name nor a URI", text);
        if (!r && (way || is_host(doctor, text, ret))) {
                ret->way = strdup(way ? way : text);
                return ret->way ? PYROPE_OK : error_nomem(error);
        }
        return r ? error_nomem(error) : PYROPE_OK;
}

/* -- a host ------------------------------------------------------------------------------------ */

static bool has_nameserver(const Doctor *doctor)
{
        const NsPlaces *places = &doctor->context->nameservers;

        return places->n > 1 || location_is_given(&places->items[0].given);
}

/* The daemon of ours that was found there. Return: NULL: none, or it does not answer. */
static pyrope_proxy *meet_daemon(Doctor *doctor, const DoctorPlace *place, const char *way)
{
        CLEANUP(target_deinit) Target daemon = { .kind = TARGET_OBJECT };
        const char *name;

        if (place->failed || !place->daemon) {
                doctor_skip(doctor, "handshake", "%s%s",
                            place->failed ? place->failed : "no daemon of ours is known there",
                            place->failed ? " failed" : "");
                return NULL;
        }
        name = strrchr(place->daemon, '/');
        daemon.text = strdup(name && !strncmp(name, "/jobman-", 8) ? "jobman" : TARGET_NAMESERVER);
        daemon.at.ssh = strdup(way);
        daemon.at.path = strdup(place->daemon);
        if (!daemon.text || !daemon.at.ssh || !daemon.at.path)
                return NULL;
        return doctor_handshake(doctor, &daemon);
}

/* The nameserver that is named, else the one there. Return: as doctor_nameserver(). */
static pyrope_proxy *meet_nameserver(Doctor *doctor, const DoctorPlace *place, const char *way)
{
        const Location there = { .ssh = (char *)(uintptr_t)way, .path = place->nameserver };
        const char *named = doctor->context->nameservers.items[0].given.ssh;
        bool is_there = has_nameserver(doctor) ? named && !strcmp(named, way)
                                               : place->nameserver || place->failed;

        if (place->failed && is_there) {
                doctor_skip(doctor, "nameserver", "%s failed", place->failed);
                return NULL;
        }
        return doctor_nameserver(doctor, is_there && !has_nameserver(doctor) ? &there : NULL);
}

static void examine_daemons(Doctor *doctor, DoctorPlace *place, const char *way)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *daemon = meet_daemon(doctor, place, way);
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = meet_nameserver(doctor, place, way);

        if (nameserver && !place->failed)
                doctor_managers(doctor, nameserver, way);
        else
                doctor_skip(doctor, "job manager", "%s failed",
                            place->failed ? place->failed : "nameserver");
        if (daemon)
                doctor_round_trip(doctor, daemon);
        else
                doctor_place_echo(place);
}

static void examine_host(Doctor *doctor, const Subject *subject)
{
        CLEANUP(doctor_host_deinit)
        DoctorHost host = { .doctor = doctor, .way = subject->way, .doubt = subject->doubt };
        CLEANUP(doctor_place_deinit) DoctorPlace place = DOCTOR_PLACE_INIT;

        doctor->host = subject->way;
        place.host = &host;
        (void)doctor_login(&host);
        doctor_place(&place, NULL);
        examine_daemons(doctor, &place, subject->way);
        doctor_place_throughput(&place);
}

/* -- an object --------------------------------------------------------------------------------- */

/* @place: NULL: it is on this machine. */
static void examine_object(Doctor *doctor, DoctorPlace *place, const Target *found,
                           const char *name)
{
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *proxy = NULL;
        const char *failed = place ? place->failed : NULL;

        if (failed)
                doctor_skip(doctor, "handshake", "%s failed", failed);
        else
                proxy = doctor_handshake(doctor, found);
        if (proxy && doctor_is_manager(proxy))
                doctor_slots(doctor, name, proxy);
        if (proxy)
                doctor_round_trip(doctor, proxy);
        else
                doctor_skip(doctor, "round trip", "%s failed", failed ? failed : "handshake");
        if (place)
                doctor_place_throughput(place);
}

/* Of the host where it is, or where its nameserver is, which does not answer. */
static void examine_there(Doctor *doctor, const char *way, const char *socket, DoctorPlace *place)
{
        doctor->host = place->host->way = way;
        (void)doctor_login(place->host);
        doctor_place(place, socket);
}

/* Whether the nameserver that knows it answers; if not, its host is examined. */
static bool pass_nameserver(Doctor *doctor, const Target *target, DoctorPlace *place)
{
        const Location *at = location_is_given(&target->at) ? &target->at : NULL;
        const char *way = (at ? at : &doctor->context->nameservers.items[0].given)->ssh;
        CLEANUP(pyrope_proxy_freep) pyrope_proxy *nameserver = NULL;

        if (target->kind == TARGET_OBJECT)
                return true;
        nameserver = doctor_nameserver(doctor, at);
        if (!nameserver && way)
                examine_there(doctor, way, NULL, place);
        return nameserver;
}

static void examine_target(Doctor *doctor, const Target *target)
{
        CLEANUP(doctor_host_deinit) DoctorHost host = { .doctor = doctor };
        CLEANUP(doctor_place_deinit) DoctorPlace place = DOCTOR_PLACE_INIT;
        CLEANUP(target_deinit) Target found = { 0 };

        place.host = &host;
        if (!pass_nameserver(doctor, target, &place)) {
                doctor_skip(doctor, "name", "nameserver failed");
                return;
        }
        if (!doctor_name(doctor, target, &found))
                return;
        if (found.at.ssh)
                examine_there(doctor, found.at.ssh, found.at.path, &place);
        examine_object(doctor, found.at.ssh ? &place : NULL, &found, target->text);
}

pyrope_status pyrope_doctor(pyrope_context *context, const char *target,
                            void (*on_check)(void *userdata, const pyrope_check *check),
                            void *userdata, pyrope_error **error)
{
        CLEANUP(subject_deinit) Subject subject = { 0 };
        Doctor doctor = { .context = context, .on_check = on_check, .userdata = userdata };
        pyrope_status status;

        if (!context || !target || !on_check)
                return error_null(error);
        status = read_subject(&doctor, target, &subject, error);
        if (status)
                return status;
        if (subject.way)
                examine_host(&doctor, &subject);
        else
                examine_target(&doctor, &subject.target);
        return PYROPE_OK;
}

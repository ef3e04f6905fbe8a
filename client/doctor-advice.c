/* SPDX-License-Identifier: MIT */

#include "client/doctor-advice.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define COMMAND_BYTES 1024u

const char *doctor_config(const SshSettings *settings)
{
        return settings->config_file ? settings->config_file : "~/.ssh/config";
}

void doctor_advise_settings(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                            const char *text)
{
        char command[COMMAND_BYTES] = "ssh -G HOST";

        if (settings->typed.host)
                (void)ssh_settings_command(settings, "-G", command, sizeof(command));
        if (status == PYROPE_E_INVALID)
                doctor_remedy(check, "write [user@]host[:port], with commas between the hosts of a "
                                     "way, or an object as PYRO:, PYRONAME: or PYROMETA:");
        else if (strstr(text, "ssh refuses"))
                doctor_remedy(check, "mend that line; '%s' prints what ssh makes of the file",
                              command);
        else if (status == PYROPE_E_CONFIG)
                doctor_remedy(check,
                              "give the host an entry without that setting in %s; '%s' prints all "
                              "that holds for it",
                              doctor_config(settings), command);
        else
                doctor_remedy(check, "try '%s'", command);
}

void doctor_advise_dns(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                       const char *text)
{
        (void)status, (void)text;
        doctor_remedy(check,
                      "check the spelling; 'getent hosts %s' asks as we do; what is an alias needs "
                      "'Host %s' with a HostName in %s",
                      settings->host_name, settings->typed.host, doctor_config(settings));
}

void doctor_advise_connection(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                              const char *text)
{
        const char *host = settings->typed.host;

        if (status == PYROPE_E_TIMEOUT)
                doctor_remedy(check,
                              "a firewall drops what we send, or the host is down; if one gets "
                              "there through a gateway only, set 'ProxyJump GATEWAY' for %s in %s, "
                              "or try 'pyrope doctor GATEWAY,%s'",
                              host, doctor_config(settings), settings->target);
        else if (strstr(text, "refused"))
                doctor_remedy(check,
                              "no sshd listens there: on the host, 'systemctl status ssh'; if it "
                              "listens on another port, set 'Port N' for %s in %s",
                              host, doctor_config(settings));
        else if (settings->proxy_command || settings->proxy_jump)
                doctor_remedy(check, "try what stands in between by itself: %s",
                              settings->proxy_jump ? settings->proxy_jump
                                                   : settings->proxy_command);
        else
                doctor_remedy(check, "see whether this computer has a network: 'ip route get %s'",
                              settings->host_name);
}

void doctor_advise_exchange(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                            const char *text)
{
        char command[COMMAND_BYTES];

        (void)ssh_settings_command(settings, "-v", command, sizeof(command));
        if (status == PYROPE_E_TIMEOUT)
                doctor_remedy(check,
                              "what listens there takes connections and says nothing: the host may "
                              "hang, or hardly get on; compare '%s', and ask its administrator",
                              command);
        else if (strstr(text, "no match for method"))
                doctor_remedy(check,
                              "the host offers only algorithms that are too weak: have its sshd "
                              "updated, or the lines Ciphers, MACs, KexAlgorithms and "
                              "HostKeyAlgorithms removed from its sshd_config; 'ssh -Q cipher' "
                              "prints what one knows here");
        else if (settings->proxy_command || settings->proxy_jump)
                doctor_remedy(check, "try what stands in between by itself: '%s'", command);
        else
                doctor_remedy(check,
                              "sshd hangs up on those who are not logged in yet: too many at once "
                              "(MaxStartups in its sshd_config), a list of banned addresses "
                              "(fail2ban, hosts.deny), or no sshd at all; try again in a minute, "
                              "then '%s'",
                              command);
}

/* An error about a host key says what to do itself, behind its first semicolon. */
void doctor_advise_host_key(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                            const char *text)
{
        const char *what = strstr(text, "; ");

        (void)settings, (void)status;
        doctor_remedy(check, "%s", what ? what + 2 : "ask the host's administrator");
}

/* The first key file that stands open to others. NULL: none. */
static const char *open_key(const SshSettings *settings)
{
        struct stat st;

        for (size_t i = 0; i < settings->identities.n; i++)
                if (!stat(settings->identities.names[i], &st) && st.st_mode & 077)
                        return settings->identities.names[i];
        return NULL;
}

/* The first that is there. NULL: none. */
static const char *first_key(const SshSettings *settings)
{
        for (size_t i = 0; i < settings->identities.n; i++)
                if (!access(settings->identities.names[i], F_OK))
                        return settings->identities.names[i];
        return NULL;
}

static void advise_keys(DoctorCheck *check, const SshSettings *settings)
{
        const char *key = first_key(settings);
        char config[COMMAND_BYTES] = "";

        if (settings->config_file)
                (void)snprintf(config, sizeof(config), "-F %s ", settings->config_file);
        if (key)
                doctor_remedy(check,
                              "the host does not know the key: 'ssh-copy-id -i %s.pub %s%s', or "
                              "have its administrator add that line to ~/.ssh/authorized_keys of "
                              "%s; if it is there, the host's log tells more: the account may be "
                              "expired, locked or without a shell, or not among AllowUsers",
                              key, config, settings->typed.host, settings->user);
        else
                doctor_remedy(check,
                              "there is no key: 'ssh-keygen -t ed25519', then 'ssh-copy-id %s%s'; "
                              "or give one to the agent by 'ssh-add FILE'",
                              config, settings->typed.host);
}

void doctor_advise_login(DoctorCheck *check, const SshSettings *settings, pyrope_status status,
                         const char *text)
{
        const char *open = open_key(settings);
        char command[COMMAND_BYTES];

        (void)ssh_settings_command(settings, "-v", command, sizeof(command));
        if (strstr(text, "too many"))
                doctor_remedy(check,
                              "set 'IdentitiesOnly yes' and the right 'IdentityFile' for %s in %s",
                              settings->typed.host, doctor_config(settings));
        else if (open)
                doctor_remedy(check, "chmod 600 %s", open);
        else if (strstr(text, "ssh-add"))
                doctor_remedy(check, "ssh-add FILE, for the encrypted one; once for each session "
                                     "at this computer");
        else if (status == PYROPE_E_AUTH && !strstr(text, "allows publickey"))
                doctor_remedy(check, "the host lets nobody in by a key: ask its administrator for "
                                     "'PubkeyAuthentication yes' in sshd_config, or log in from a "
                                     "terminal");
        else if (status == PYROPE_E_AUTH)
                advise_keys(check, settings);
        else if (strstr(text, "it said '"))
                doctor_remedy(check,
                              "do what it said, or ask its administrator; '%s' shows all of "
                              "it",
                              command);
        else
                doctor_remedy(check, "'%s' shows where ssh itself gets stuck", command);
}

/* SPDX-License-Identifier: MIT */

/*
 * workflow: couples the two solvers from the steering computer
 *
 * Heat conduction on one compute server, thermo-elasticity on another; the temperature field goes
 * from one to the other as an array through this program. It sees <pyrope/pyrope.h> alone; that the
 * servers are behind SSH is the context's business.
 */

#include <getopt.h>
#include <limits.h>
#include <pyrope/pyrope.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MESH      "t4.msh"
#define PROBLEM   "t4.problem"
#define PUBLISHED 18.25 /* degrees Celsius at T4_POINT: NAFEMS, test T4 */
#define NOTE_MAX  200u

typedef struct Workflow Workflow;
typedef struct Partner Partner;
typedef struct Step Step;

/* One solver: how it is asked for, and what we got. */
struct Partner {
        const char *name; /* as pyrope_allocate() takes it */
        const char *result;
        pyrope_instance *instance; /* NULL before it is allocated; owned */
};

struct Workflow {
        pyrope_context *context; /* owned */
        Partner thermal;
        Partner mechanical;
        pyrope_value *temperature; /* the field on its way; owned */
        const char *data;          /* directory of the inputs */
        const char *output;        /* directory for the results */
        char note[NOTE_MAX];       /* what a step tells when it is done */
};

/* A step writes a note and returns PYROPE_OK, or sets the error. */
struct Step {
        const char *title;
        pyrope_status (*run)(Workflow *workflow, pyrope_error **error);
};

static const double t4_point[1][2] = { { 0.6, 0.2 } }; /* metres */

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number)
{
        (void)number;
        is_interrupted = 1;
}

static double seconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#define note(workflow, ...) (void)snprintf((workflow)->note, NOTE_MAX, __VA_ARGS__)

static pyrope_proxy *proxy_of(const Partner *partner)
{
        return pyrope_instance_proxy(partner->instance);
}

/* -- the steps, in their order ---------------------------------------------------------------- */

static pyrope_status allocate(Workflow *workflow, Partner *partner, pyrope_error **error)
{
        pyrope_value *manager = NULL;
        const char *uri = NULL;
        size_t n_uri = 0;
        pyrope_status status;

        status = pyrope_allocate(workflow->context, partner->name, 0, &partner->instance, error);
        if (status != PYROPE_OK)
                return status;

        status = pyrope_resolve(workflow->context, pyrope_instance_manager(partner->instance), 0,
                                &manager, error);
        if (status != PYROPE_OK)
                return status;
        (void)pyrope_get_str(pyrope_find(pyrope_value_view(manager), "uri"), &uri, &n_uri);
        note(workflow, "%s by %s at %.*s", pyrope_instance_job(partner->instance),
             pyrope_instance_manager(partner->instance), (int)n_uri, uri ? uri : "");
        pyrope_value_free(manager);
        return PYROPE_OK;
}

static pyrope_status allocate_thermal(Workflow *workflow, pyrope_error **error)
{
        return allocate(workflow, &workflow->thermal, error);
}

static pyrope_status allocate_mechanical(Workflow *workflow, pyrope_error **error)
{
        return allocate(workflow, &workflow->mechanical, error);
}

static pyrope_status put(Workflow *workflow, Partner *partner, const char *name,
                         pyrope_error **error)
{
        char path[PATH_MAX];

        (void)snprintf(path, sizeof(path), "%s/%s", workflow->data, name);
        return pyrope_put_file(partner->instance, path, name, error);
}

static pyrope_status upload(Workflow *workflow, pyrope_error **error)
{
        Partner *partners[] = { &workflow->thermal, &workflow->mechanical };

        for (size_t i = 0; i < 2; i++) {
                pyrope_status status = put(workflow, partners[i], MESH, error);

                if (status == PYROPE_OK)
                        status = put(workflow, partners[i], PROBLEM, error);
                if (status == PYROPE_OK)
                        status = pyrope_callf(proxy_of(partners[i]), "setInput", NULL, error, "ss",
                                              MESH, PROBLEM);
                if (status != PYROPE_OK)
                        return status;
        }
        note(workflow, "%s and %s to both", MESH, PROBLEM);
        return PYROPE_OK;
}

static pyrope_status solve_heat(Workflow *workflow, pyrope_error **error)
{
        pyrope_value *summary;
        int64_t n_equations;
        double minimum;
        double maximum;
        pyrope_status status;

        status = pyrope_callf(proxy_of(&workflow->thermal), "solveStep", &summary, error, "f", 0.0);
        if (status != PYROPE_OK)
                return status;
        status = pyrope_unpack(pyrope_value_view(summary), error, "{s:I s:f s:f}", "equations",
                               &n_equations, "minimum", &minimum, "maximum", &maximum);
        if (status == PYROPE_OK)
                note(workflow, "%lld equations, %.2f to %.2f degrees", (long long)n_equations,
                     minimum, maximum);
        pyrope_value_free(summary);
        return status;
}

/* Asks a field object, wherever it lives, for its value at the point of the benchmark. */
static pyrope_status evaluate(pyrope_proxy *field, double *ret, pyrope_error **error)
{
        const pyrope_array points = {
                .dtype = "<f8",
                .n_dimensions = 2,
                .shape = { 1, 2 },
                .data = t4_point,
                .n_bytes = sizeof(t4_point),
        };
        pyrope_value *values;
        pyrope_array array;
        pyrope_status status;

        status = pyrope_callf(field, "evaluate", &values, error, "a", &points);
        if (status != PYROPE_OK)
                return status;
        status = pyrope_value_array(values, pyrope_value_view(values), "<f8", &array);
        if (status == PYROPE_OK && array.n_bytes == sizeof(double))
                memcpy(ret, array.data, sizeof(double));
        else
                status = PYROPE_E_TYPE;
        pyrope_value_free(values);
        return status;
}

static pyrope_status compare(Workflow *workflow, pyrope_error **error)
{
        pyrope_proxy *thermal = proxy_of(&workflow->thermal);
        pyrope_proxy *field = NULL;
        pyrope_value *object;
        double ours = 0;
        pyrope_status status;

        status = pyrope_callf(thermal, "getFieldObject", &object, error, "s", "temperature");
        if (status != PYROPE_OK)
                return status;
        status = pyrope_proxy_received(thermal, pyrope_value_view(object), 0, &field, error);
        if (status == PYROPE_OK)
                status = evaluate(field, &ours, error);
        if (status == PYROPE_OK) {
                printf("T4 ours %.2f published %.2f\n", ours, PUBLISHED);
                note(workflow, "evaluated at (%g, %g) by %s", t4_point[0][0], t4_point[0][1],
                     pyrope_proxy_uri(field));
        }
        pyrope_proxy_free(field);
        pyrope_value_free(object);
        return status;
}

static pyrope_status pass_on(Workflow *workflow, pyrope_error **error)
{
        pyrope_view field;
        pyrope_array array;
        pyrope_status status;

        status = pyrope_callf(proxy_of(&workflow->thermal), "getField", &workflow->temperature,
                              error, "s", "temperature");
        if (status != PYROPE_OK)
                return status;
        field = pyrope_value_view(workflow->temperature);
        status = pyrope_callf(proxy_of(&workflow->mechanical), "setField", NULL, error, "sv",
                              "temperature", field);
        if (status == PYROPE_OK && pyrope_get_array(field, NULL, &array) == PYROPE_OK)
                note(workflow, "%zu bytes", array.n_bytes);
        return status;
}

static pyrope_status solve_stress(Workflow *workflow, pyrope_error **error)
{
        pyrope_value *summary;
        int64_t n_equations;
        double displacement;
        double von_mises;
        pyrope_status status;

        status = pyrope_callf(proxy_of(&workflow->mechanical), "solveStep", &summary, error, "f",
                              0.0);
        if (status != PYROPE_OK)
                return status;
        status =
                pyrope_unpack(pyrope_value_view(summary), error, "{s:I s:f s:f}", "equations",
                              &n_equations, "displacement", &displacement, "von_mises", &von_mises);
        if (status == PYROPE_OK)
                note(workflow, "%lld equations, at most %.3f mm and %.1f MPa (von Mises)",
                     (long long)n_equations, 1e3 * displacement, 1e-6 * von_mises);
        pyrope_value_free(summary);
        return status;
}

static pyrope_status download(Workflow *workflow, pyrope_error **error)
{
        Partner *partners[] = { &workflow->thermal, &workflow->mechanical };

        for (size_t i = 0; i < 2; i++) {
                const char *name = partners[i]->result;
                char path[PATH_MAX];
                pyrope_status status;

                (void)snprintf(path, sizeof(path), "%s/%s", workflow->output, name);
                status =
                        pyrope_callf(proxy_of(partners[i]), "writeResults", NULL, error, "s", name);
                if (status == PYROPE_OK)
                        status = pyrope_get_file(partners[i]->instance, name, path, error);
                if (status != PYROPE_OK)
                        return status;
        }
        note(workflow, "%s and %s in %s", workflow->thermal.result, workflow->mechanical.result,
             workflow->output);
        return PYROPE_OK;
}

static pyrope_status release(Workflow *workflow, pyrope_error **error)
{
        Partner *partners[] = { &workflow->thermal, &workflow->mechanical };
        pyrope_status first = PYROPE_OK;

        /* Both, whatever happens to the first. */
        for (size_t i = 0; i < 2; i++) {
                pyrope_instance *instance = partners[i]->instance;
                pyrope_status status;

                partners[i]->instance = NULL;
                status = pyrope_release(instance, 0, first == PYROPE_OK ? error : NULL);
                if (first == PYROPE_OK)
                        first = status;
        }
        note(workflow, "both");
        return first;
}

static const Step steps[] = {
        { "allocate a thermal solver", allocate_thermal },
        { "allocate a mechanical solver", allocate_mechanical },
        { "upload the input", upload },
        { "solve heat conduction", solve_heat },
        { "compare with NAFEMS T4", compare },
        { "pass the temperatures on", pass_on },
        { "solve thermo-elasticity", solve_stress },
        { "download the results", download },
};

static const Step last_step = { "release", release };

/* -- running them ----------------------------------------------------------------------------- */

/* Runs a step and prints it with its time. Returns whether it went well. */
static bool run_step(Workflow *workflow, const Step *step)
{
        pyrope_error *error = NULL;
        double start = seconds();
        pyrope_status status;

        workflow->note[0] = 0;
        status = step->run(workflow, &error);
        if (status != PYROPE_OK) {
                fprintf(stderr, "workflow: cannot %s: %s\n", step->title,
                        error ? pyrope_error_text(error) : pyrope_strerror(status));
                pyrope_error_free(error);
                return false;
        }
        printf("%8.3f s  %s: %s\n", seconds() - start, step->title, workflow->note);
        (void)fflush(stdout);
        return true;
}

static bool run_steps(Workflow *workflow)
{
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                if (is_interrupted) {
                        fprintf(stderr, "workflow: interrupted\n");
                        return false;
                }
                if (!run_step(workflow, &steps[i]))
                        return false;
        }
        return true;
}

static int run(Workflow *workflow, const pyrope_options *options)
{
        pyrope_error *error = NULL;
        pyrope_statistics statistics;
        bool is_good;

        if (pyrope_context_new(options, &workflow->context, &error) != PYROPE_OK) {
                fprintf(stderr, "workflow: %s\n", pyrope_error_text(error));
                pyrope_error_free(error);
                return 1;
        }
        is_good = run_steps(workflow);
        is_good = run_step(workflow, &last_step) && is_good;

        pyrope_context_statistics(workflow->context, &statistics);
        printf("%llu calls over %llu channels of %llu SSH sessions and %llu local connections\n",
               (unsigned long long)statistics.n_calls,
               (unsigned long long)statistics.n_ssh_channels,
               (unsigned long long)statistics.n_ssh_sessions,
               (unsigned long long)statistics.n_local);
        pyrope_value_free(workflow->temperature);
        pyrope_context_free(workflow->context);
        return is_good ? 0 : 1;
}

static const char usage[] =
        "usage: workflow [OPTION]... [THERMAL MECHANICAL]\n"
        "Couples two solvers: APPLICATION, or APPLICATION@JOB-MANAGER; ThermalSolver and\n"
        "MechanicalSolver unless given.\n"
        "  --nameserver LOCATION  where names are looked up\n"
        "  --ssh-config FILE      instead of ~/.ssh/config\n"
        "  --data DIR             where " MESH " and " PROBLEM " are\n"
        "  --output DIR           where the results go (default: here)\n";

/* Returns -1, or the exit status if that was all. */
static int read_arguments(int argc, char **argv, Workflow *workflow, pyrope_options *options)
{
        static const struct option long_options[] = {
                { "nameserver", required_argument, NULL, 'n' },
                { "ssh-config", required_argument, NULL, 's' },
                { "data", required_argument, NULL, 'd' },
                { "output", required_argument, NULL, 'o' },
                { "help", no_argument, NULL, 'h' },
                { 0 },
        };
        int option;

        while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
                switch (option) {
                case 'n':
                        options->nameserver = optarg;
                        break;
                case 's':
                        options->ssh_config = optarg;
                        break;
                case 'd':
                        workflow->data = optarg;
                        break;
                case 'o':
                        workflow->output = optarg;
                        break;
                case 'h':
                        fputs(usage, stdout);
                        return 0;
                default:
                        return 2; /* getopt_long() has said what is wrong */
                }
        }
        if (argc - optind != 0 && argc - optind != 2) {
                fputs("workflow: two applications or none; try 'workflow --help'\n", stderr);
                return 2;
        }
        if (argc - optind == 2) {
                workflow->thermal.name = argv[optind];
                workflow->mechanical.name = argv[optind + 1];
        }
        return -1;
}

int main(int argc, char **argv)
{
        const struct sigaction action = { .sa_handler = on_signal };
        pyrope_options options = { 0 };
        Workflow workflow = {
                .thermal = { .name = "ThermalSolver", .result = "thermal.vtk" },
                .mechanical = { .name = "MechanicalSolver", .result = "mechanical.vtk" },
                .data = EXAMPLE_DATA_DIR,
                .output = ".",
        };
        int status;

        status = read_arguments(argc, argv, &workflow, &options);
        if (status >= 0)
                return status;

        /* What was allocated is released when the running step has ended. */
        (void)sigaction(SIGINT, &action, NULL);
        (void)sigaction(SIGTERM, &action, NULL);
        return run(&workflow, &options);
}

/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/problem.h"

#include "examples/thermo-mechanical/fem/lines.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

typedef enum Section Section;
typedef struct Reader Reader;

enum Section {
        SECTION_NONE,
        SECTION_THERMAL,
        SECTION_THERMAL_BOUNDARY,
        SECTION_MECHANICAL,
        SECTION_MECHANICAL_BOUNDARY,
};

static const char *const section_names[] = {
        [SECTION_NONE] = "",
        [SECTION_THERMAL] = "thermal",
        [SECTION_THERMAL_BOUNDARY] = "thermal boundary",
        [SECTION_MECHANICAL] = "mechanical",
        [SECTION_MECHANICAL_BOUNDARY] = "mechanical boundary",
};

/* The settings that are one number, with the open interval it must lie in. */
static const struct {
        Section section;
        const char *key;
        size_t offset;
        double above;
        double below;
        bool is_optional;
} settings[] = {
        { SECTION_THERMAL, "conductivity", offsetof(Problem, thermal.conductivity), 0, INFINITY },
        { SECTION_THERMAL, "thickness", offsetof(Problem, thermal.thickness), 0, INFINITY, true },
        { SECTION_MECHANICAL, "young", offsetof(Problem, mechanical.young), 0, INFINITY },
        { SECTION_MECHANICAL, "poisson", offsetof(Problem, mechanical.poisson), -1, 0.5 },
        { SECTION_MECHANICAL, "expansion", offsetof(Problem, mechanical.expansion), -1, 1 },
        { SECTION_MECHANICAL, "reference", offsetof(Problem, mechanical.reference), -274,
          INFINITY },
};

#define PLANE ARRAY_SIZE(settings) /* the one setting that is a word: index into `seen` */

struct Reader {
        Lines lines;
        Complaint *complaint; /* borrowed */
        const Mesh *mesh;     /* borrowed */
        Section section;
        bool seen[ARRAY_SIZE(settings) + 1];
        Problem *problem; /* borrowed */
};

#define refuse(reader, ...) lines_refuse(&(reader)->lines, (reader)->complaint, __VA_ARGS__)

static int read_number(Reader *reader, const char *what, double *ret)
{
        return lines_number(&reader->lines, what, ret, reader->complaint);
}

static int read_section(Reader *reader)
{
        const char *name;

        (void)lines_cut(&reader->lines, '[');
        name = lines_cut(&reader->lines, ']');
        if (!name)
                return refuse(reader, "a section ends in ]");
        for (size_t i = SECTION_THERMAL; i < ARRAY_SIZE(section_names); i++)
                if (strcmp(name, section_names[i]) == 0) {
                        reader->section = (Section)i;
                        reader->problem->has_thermal |= i == SECTION_THERMAL;
                        reader->problem->has_mechanical |= i == SECTION_MECHANICAL;
                        return lines_finish(&reader->lines, reader->complaint);
                }
        return refuse(reader, "unknown section [%.40s]", name);
}

static int see(Reader *reader, size_t setting, const char *key)
{
        if (reader->seen[setting])
                return refuse(reader, "a second %s", key);
        reader->seen[setting] = true;
        return 0;
}

static int read_plane(Reader *reader)
{
        const char *word = lines_word(&reader->lines);

        if (!word || (strcmp(word, "stress") != 0 && strcmp(word, "strain") != 0))
                return refuse(reader, "plane is stress or strain, not \"%.40s\"", word ? word : "");
        reader->problem->mechanical.is_strain = strcmp(word, "strain") == 0;
        return see(reader, PLANE, "plane");
}

static int read_setting(Reader *reader, const char *key)
{
        if (reader->section == SECTION_MECHANICAL && strcmp(key, "plane") == 0)
                return read_plane(reader);

        for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
                double *value = (double *)(void *)((char *)reader->problem + settings[i].offset);
                int r;

                if (settings[i].section != reader->section || strcmp(settings[i].key, key) != 0)
                        continue;
                r = read_number(reader, "a number", value);
                if (r)
                        return r;
                if (*value <= settings[i].above || *value >= settings[i].below)
                        return refuse(reader, "%s between %g and %g wanted, not %g", key,
                                      settings[i].above, settings[i].below, *value);
                return see(reader, i, key);
        }
        return refuse(reader, "[%s] has no setting \"%.40s\"", section_names[reader->section], key);
}

/* Finds the group and checks that it is a border a condition can stand on. */
static int find_border(Reader *reader, const char *name, uint32_t *ret)
{
        const MeshGroup *group = mesh_find_group(reader->mesh, name);

        if (!group)
                return refuse(reader, "the mesh has no group \"%.40s\"", name);
        if (group->dimension > 1)
                return refuse(reader, "\"%.40s\" is no border, but of dimension %u", name,
                              group->dimension);
        if (group->n_elements == 0)
                return refuse(reader, "the group \"%.40s\" is empty", name);

        *ret = (uint32_t)(group - reader->mesh->groups);
        return 0;
}

static int want_line(Reader *reader, uint32_t group, const char *condition)
{
        if (reader->mesh->groups[group].dimension != 1)
                return refuse(reader, "%s on \"%.40s\", which consists of points", condition,
                              reader->mesh->groups[group].name);
        return 0;
}

static int read_thermal_values(Reader *reader, const char *kind, ThermalCondition *condition)
{
        int r;

        if (strcmp(kind, "insulated") == 0) {
                condition->kind = THERMAL_INSULATED;
                return 0;
        }
        if (strcmp(kind, "temperature") == 0) {
                condition->kind = THERMAL_TEMPERATURE;
                return read_number(reader, "a temperature", &condition->value);
        }
        if (strcmp(kind, "flux") == 0) {
                condition->kind = THERMAL_FLUX;
                r = read_number(reader, "a flux", &condition->value);
                return r ? r : want_line(reader, condition->group, kind);
        }
        if (strcmp(kind, "convection") == 0) {
                condition->kind = THERMAL_CONVECTION;
                r = read_number(reader, "a coefficient", &condition->value);
                if (!r && condition->value < 0)
                        return refuse(reader, "a coefficient of 0 or more wanted");
                if (!r)
                        r = read_number(reader, "an ambient temperature", &condition->ambient);
                return r ? r : want_line(reader, condition->group, kind);
        }
        return refuse(reader, "temperature, convection, flux or insulated wanted, not \"%.40s\"",
                      kind);
}

static int read_thermal_condition(Reader *reader, const char *group)
{
        Thermal *thermal = &reader->problem->thermal;
        ThermalCondition condition = { 0 };
        const char *kind = lines_word(&reader->lines);
        int r;

        r = find_border(reader, group, &condition.group);
        if (!r)
                r = read_thermal_values(reader, kind ? kind : "", &condition);
        if (r)
                return r;
        for (size_t i = 0; i < thermal->n_conditions; i++)
                if (thermal->conditions[i].group == condition.group)
                        return refuse(reader, "a second condition on \"%.40s\"", group);
        if (thermal->n_conditions == PROBLEM_CONDITIONS_MAX)
                return refuse(reader, "more than %u conditions", PROBLEM_CONDITIONS_MAX);

        thermal->conditions[thermal->n_conditions++] = condition;
        return 0;
}

/* Reads the axis and returns its index, or -1. */
static int axis_of(const char *word)
{
        if (!word || (strcmp(word, "x") != 0 && strcmp(word, "y") != 0))
                return -1;
        return word[0] - 'x';
}

static int read_fixed(Reader *reader, MechanicalCondition *condition)
{
        const char *word;

        while ((word = lines_word(&reader->lines))) {
                int axis = axis_of(word);

                if (axis < 0)
                        return refuse(reader, "x or y wanted, not \"%.40s\"", word);
                condition->has[axis] = true;
        }
        if (!condition->has[0] && !condition->has[1])
                return refuse(reader, "fixed x, fixed y or fixed x y wanted");
        return 0;
}

static int read_displacement(Reader *reader, MechanicalCondition *condition)
{
        const char *word = lines_word(&reader->lines);
        int axis = axis_of(word);

        if (axis < 0)
                return refuse(reader, "x or y wanted, not \"%.40s\"", word ? word : "");
        condition->has[axis] = true;
        return read_number(reader, "a displacement", &condition->value[axis]);
}

static int read_traction(Reader *reader, MechanicalCondition *condition)
{
        int r;

        condition->kind = MECHANICAL_TRACTION;
        r = read_number(reader, "a traction in x", &condition->value[0]);
        if (!r)
                r = read_number(reader, "a traction in y", &condition->value[1]);
        return r ? r : want_line(reader, condition->group, "traction");
}

static int read_mechanical_values(Reader *reader, const char *kind, MechanicalCondition *condition)
{
        if (strcmp(kind, "fixed") == 0)
                return read_fixed(reader, condition);
        if (strcmp(kind, "displacement") == 0)
                return read_displacement(reader, condition);
        if (strcmp(kind, "traction") == 0)
                return read_traction(reader, condition);
        return refuse(reader, "fixed, displacement or traction wanted, not \"%.40s\"", kind);
}

static int read_mechanical_condition(Reader *reader, const char *group)
{
        Mechanical *mechanical = &reader->problem->mechanical;
        MechanicalCondition condition = { 0 };
        const char *kind = lines_word(&reader->lines);
        int r;

        r = find_border(reader, group, &condition.group);
        if (!r)
                r = read_mechanical_values(reader, kind ? kind : "", &condition);
        if (r)
                return r;
        if (mechanical->n_conditions == PROBLEM_CONDITIONS_MAX)
                return refuse(reader, "more than %u conditions", PROBLEM_CONDITIONS_MAX);

        mechanical->conditions[mechanical->n_conditions++] = condition;
        return 0;
}

static int read_line(Reader *reader)
{
        const char *left;
        int r = 0;

        if (lines_blank(&reader->lines))
                return 0;
        if (strchr(reader->lines.rest, '[') && !strchr(reader->lines.rest, '='))
                return read_section(reader);
        left = lines_cut(&reader->lines, '=');
        if (!left || !*left)
                return refuse(reader, "a section, or a line like \"name = value\" wanted");

        switch (reader->section) {
        case SECTION_NONE:
                return refuse(reader, "\"%.40s\" stands before any section", left);
        case SECTION_THERMAL:
        case SECTION_MECHANICAL:
                r = read_setting(reader, left);
                break;
        case SECTION_THERMAL_BOUNDARY:
                r = read_thermal_condition(reader, left);
                break;
        case SECTION_MECHANICAL_BOUNDARY:
                r = read_mechanical_condition(reader, left);
                break;
        }
        return r ? r : lines_finish(&reader->lines, reader->complaint);
}

static int read_lines(Reader *reader)
{
        int r;

        while ((r = lines_next(&reader->lines, reader->complaint)) == 0) {
                r = read_line(reader);
                if (r)
                        return r;
        }
        return r == FEM_E_END ? 0 : r;
}

/* Conditions without their section, sections without their settings, no section at all. */
static int check_complete(Reader *reader)
{
        const Problem *problem = reader->problem;
        const bool has[] = {
                [SECTION_THERMAL] = problem->has_thermal,
                [SECTION_MECHANICAL] = problem->has_mechanical,
        };
        const char *name = reader->lines.name;

        if (!problem->has_thermal && !problem->has_mechanical)
                return complaint_set(reader->complaint,
                                     "%.100s: neither [thermal] nor [mechanical] in it", name);
        if ((problem->thermal.n_conditions && !problem->has_thermal) ||
            (problem->mechanical.n_conditions && !problem->has_mechanical))
                return complaint_set(reader->complaint, "%.100s: conditions without [%s]", name,
                                     problem->has_thermal ? "mechanical" : "thermal");
        for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
                if (has[settings[i].section] && !reader->seen[i] && !settings[i].is_optional)
                        return complaint_set(reader->complaint, "%.100s: [%s] without %s", name,
                                             section_names[settings[i].section], settings[i].key);
        if (problem->has_mechanical && !reader->seen[PLANE])
                return complaint_set(reader->complaint, "%.100s: [mechanical] without plane", name);
        return 0;
}

int problem_parse(Problem *ret, const Mesh *mesh, const char *name, const char *text, size_t n_text,
                  Complaint *complaint)
{
        Problem problem = { .thermal.thickness = 1 };
        Reader reader = {
                .complaint = complaint,
                .mesh = mesh,
                .problem = &problem,
        };
        int r;

        lines_init(&reader.lines, name, text, n_text, '#');
        r = read_lines(&reader);
        if (!r)
                r = check_complete(&reader);
        if (!r)
                *ret = problem;
        return r;
}

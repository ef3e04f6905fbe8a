#pragma once

/* SPDX-License-Identifier: MIT */

/*
 * Problem: materials and boundary conditions
 *
 * Read from a small text in which groups of the mesh are named; the README next to this part
 * describes it. The text may come from a stranger. Units are SI, temperatures degrees Celsius.
 */

#include "examples/thermo-mechanical/fem/complaint.h"
#include "examples/thermo-mechanical/fem/mesh.h"

#define PROBLEM_CONDITIONS_MAX 256u /* of each kind of analysis */

typedef enum ThermalKind ThermalKind;
typedef enum MechanicalKind MechanicalKind;
typedef struct ThermalCondition ThermalCondition;
typedef struct MechanicalCondition MechanicalCondition;
typedef struct Thermal Thermal;
typedef struct Mechanical Mechanical;
typedef struct Problem Problem;

enum ThermalKind {
        THERMAL_INSULATED,
        THERMAL_TEMPERATURE,
        THERMAL_CONVECTION,
        THERMAL_FLUX,
};

enum MechanicalKind {
        MECHANICAL_DISPLACEMENT,
        MECHANICAL_TRACTION,
};

struct ThermalCondition {
        uint32_t group; /* of points or lines; convection and flux: of lines */
        ThermalKind kind;
        double value;   /* temperature °C; coefficient h W/(m² K); flux into the body W/m² */
        double ambient; /* convection only: temperature °C of what flows by */
};

struct MechanicalCondition {
        uint32_t group; /* as above; traction: of lines */
        MechanicalKind kind;
        bool has[2];     /* displacement: is it prescribed in x, in y? */
        double value[2]; /* displacement m; traction Pa */
};

struct Thermal {
        double conductivity; /* W/(m K) */
        double thickness;    /* m */
        size_t n_conditions;
        ThermalCondition conditions[PROBLEM_CONDITIONS_MAX]; /* a later one wins a common node */
};

struct Mechanical {
        double young;     /* Pa */
        double poisson;   /* 1 */
        double expansion; /* 1/K */
        double reference; /* °C, where thermal strain is zero */
        bool is_strain;   /* plane strain, else plane stress */
        size_t n_conditions;
        MechanicalCondition conditions[PROBLEM_CONDITIONS_MAX]; /* likewise */
};

struct Problem {
        bool has_thermal;    /* is there a section [thermal]? */
        bool has_mechanical; /* and [mechanical]? One of them at least */
        Thermal thermal;
        Mechanical mechanical;
};

/**
 * problem_parse() - read a problem from memory
 * @mesh:       the mesh whose groups it names
 * @name:       names the text in complaints
 * @text:       @n_text bytes, not terminated
 *
 * Return: 0, FEM_E_REFUSED.
 */
NODISCARD int problem_parse(Problem *ret, const Mesh *mesh, const char *name, const char *text,
                            size_t n_text, Complaint *complaint);

/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/element.h"

#include <math.h>
#include <string.h>

#define THIRD        (1.0 / 3.0)
#define GAUSS        0.57735026918962576451 /* 1 / sqrt(3) */
#define NEWTON_MAX   30                     /* steps; a sound element takes fewer than ten */
#define NEWTON_CLOSE 1e-12                  /* natural coordinates */
#define FLAT         1e-9                   /* smallest corner, as part of the diameter squared */

/* Shape functions and their derivatives by the natural coordinates. */
typedef struct Natural {
        double shape[ELEMENT_NODES_MAX];
        double dxi[ELEMENT_NODES_MAX];
        double deta[ELEMENT_NODES_MAX];
} Natural;

static const double quadrilateral_corners[ELEMENT_NODES_MAX][2] = {
        { -1, -1 }, { 1, -1 }, { 1, 1 }, { -1, 1 }
};

static const double triangle_corners[ELEMENT_NODES_MAX][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 } };

size_t element_n_nodes(ElementKind kind)
{
        return (size_t)kind + 1;
}

unsigned element_dimension(ElementKind kind)
{
        return kind < ELEMENT_TRIANGLE ? (unsigned)kind : 2;
}

static void natural_at(ElementKind kind, double xi, double eta, Natural *ret)
{
        if (kind == ELEMENT_TRIANGLE) {
                *ret = (Natural){
                        .shape = { 1 - xi - eta, xi, eta },
                        .dxi = { -1, 1, 0 },
                        .deta = { -1, 0, 1 },
                };
                return;
        }
        for (size_t i = 0; i < ELEMENT_NODES_MAX; i++) {
                const double *corner = quadrilateral_corners[i];

                ret->shape[i] = 0.25 * (1 + corner[0] * xi) * (1 + corner[1] * eta);
                ret->dxi[i] = 0.25 * corner[0] * (1 + corner[1] * eta);
                ret->deta[i] = 0.25 * corner[1] * (1 + corner[0] * xi);
        }
}

/* The Jacobian, jacobian[i][j] = d x_j / d natural_i, and its determinant. */
static double jacobian_of(const Natural *natural, size_t n_nodes,
                          const double xy[ELEMENT_NODES_MAX][2], double jacobian[2][2])
{
        memset(jacobian, 0, 4 * sizeof(double));
        for (size_t i = 0; i < n_nodes; i++)
                for (size_t j = 0; j < 2; j++) {
                        /* The origin may be far away: leave it out before anything is rounded. */
                        jacobian[0][j] += natural->dxi[i] * (xy[i][j] - xy[0][j]);
                        jacobian[1][j] += natural->deta[i] * (xy[i][j] - xy[0][j]);
                }
        return jacobian[0][0] * jacobian[1][1] - jacobian[0][1] * jacobian[1][0];
}

static double diameter_squared(size_t n_nodes, const double xy[ELEMENT_NODES_MAX][2])
{
        double largest = 0;

        for (size_t i = 0; i < n_nodes; i++)
                for (size_t j = 0; j < i; j++) {
                        double dx = xy[i][0] - xy[j][0];
                        double dy = xy[i][1] - xy[j][1];

                        largest = fmax(largest, dx * dx + dy * dy);
                }
        return largest;
}

ElementFlaw element_inspect(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2])
{
        const double(*corners)[2] =
                kind == ELEMENT_TRIANGLE ? triangle_corners : quadrilateral_corners;
        size_t n_nodes = element_n_nodes(kind);
        double limit = FLAT * diameter_squared(n_nodes, xy);
        double smallest = INFINITY;

        if (kind == ELEMENT_POINT)
                return ELEMENT_SOUND;
        if (kind == ELEMENT_LINE)
                return limit > 0 ? ELEMENT_SOUND : ELEMENT_DEGENERATE;

        /* The determinant is linear over the element, so that it is smallest in a corner. */
        for (size_t i = 0; i < n_nodes; i++) {
                double jacobian[2][2];
                Natural natural;

                natural_at(kind, corners[i][0], corners[i][1], &natural);
                smallest = fmin(smallest, jacobian_of(&natural, n_nodes, xy, jacobian));
        }
        if (smallest > limit)
                return ELEMENT_SOUND;
        return smallest < -limit ? ELEMENT_INVERTED : ELEMENT_DEGENERATE;
}

static void sample_at(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2],
                      const double natural_point[2], double weight, ElementSample *ret)
{
        size_t n_nodes = element_n_nodes(kind);
        double determinant;
        double jacobian[2][2];
        Natural natural;

        natural_at(kind, natural_point[0], natural_point[1], &natural);
        determinant = jacobian_of(&natural, n_nodes, xy, jacobian);

        *ret = (ElementSample){ .area = weight * determinant };
        for (size_t i = 0; i < n_nodes; i++) {
                double dxi = natural.dxi[i] / determinant;
                double deta = natural.deta[i] / determinant;

                ret->shape[i] = natural.shape[i];
                ret->dx[i] = jacobian[1][1] * dxi - jacobian[0][1] * deta;
                ret->dy[i] = jacobian[0][0] * deta - jacobian[1][0] * dxi;
        }
}

void element_centre(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2], ElementSample *ret)
{
        if (kind == ELEMENT_TRIANGLE)
                sample_at(kind, xy, (double[]){ THIRD, THIRD }, 0.5, ret);
        else
                sample_at(kind, xy, (double[]){ 0, 0 }, 4, ret);
}

size_t element_samples(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2],
                       ElementSample ret[static ELEMENT_SAMPLES_MAX])
{
        if (kind == ELEMENT_TRIANGLE) {
                element_centre(kind, xy, ret);
                return 1;
        }
        for (size_t i = 0; i < ELEMENT_SAMPLES_MAX; i++) {
                const double *corner = quadrilateral_corners[i];

                sample_at(kind, xy, (double[]){ GAUSS * corner[0], GAUSS * corner[1] }, 1, &ret[i]);
        }
        return ELEMENT_SAMPLES_MAX;
}

static bool is_inside(ElementKind kind, const double at[2])
{
        const double far = 1 + ELEMENT_TOLERANCE;

        if (kind == ELEMENT_TRIANGLE)
                return at[0] >= -ELEMENT_TOLERANCE && at[1] >= -ELEMENT_TOLERANCE &&
                       at[0] + at[1] <= far;
        return fabs(at[0]) <= far && fabs(at[1]) <= far;
}

/* One step of Newton's method towards x(at) = point. Returns its length, or NaN if there is none.
 */
static double newton_step(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2],
                          const double point[2], double at[2])
{
        size_t n_nodes = element_n_nodes(kind);
        double miss[2] = { 0, 0 };
        double determinant;
        double jacobian[2][2];
        Natural natural;
        double step[2];

        natural_at(kind, at[0], at[1], &natural);
        determinant = jacobian_of(&natural, n_nodes, xy, jacobian);
        for (size_t i = 0; i < n_nodes; i++) {
                miss[0] += natural.shape[i] * (point[0] - xy[i][0]);
                miss[1] += natural.shape[i] * (point[1] - xy[i][1]);
        }
        step[0] = (jacobian[1][1] * miss[0] - jacobian[1][0] * miss[1]) / determinant;
        step[1] = (jacobian[0][0] * miss[1] - jacobian[0][1] * miss[0]) / determinant;
        at[0] += step[0];
        at[1] += step[1];
        return determinant > 0 ? fmax(fabs(step[0]), fabs(step[1])) : NAN;
}

bool element_locate(ElementKind kind, const double xy[ELEMENT_NODES_MAX][2], const double point[2],
                    double ret_shape[static ELEMENT_NODES_MAX])
{
        double at[2] = { 0, 0 };
        double step = INFINITY;
        Natural natural;

        /* A step of NaN, which a point far outside can cause, ends the loop as well. */
        for (int i = 0; i < NEWTON_MAX && step > NEWTON_CLOSE; i++)
                step = newton_step(kind, xy, point, at);
        if (!(step <= NEWTON_CLOSE) || !is_inside(kind, at))
                return false;

        natural_at(kind, at[0], at[1], &natural);
        memcpy(ret_shape, natural.shape, sizeof(natural.shape));
        return true;
}

/* SPDX-License-Identifier: MIT */

#include "examples/thermo-mechanical/fem/order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEARCHES 3 /* per connected part: two find its far end, the third starts from there */

typedef struct Graph Graph;

/* Who shares an element with whom. A neighbour by two elements is listed twice, which is harmless.
 */
struct Graph {
        size_t n_nodes;
        size_t *first;        /* [n_nodes + 1], into neighbours; owned */
        uint32_t *neighbours; /* owned */
        uint8_t *n_visits;    /* how many searches met the node; owned */
};

static void graph_deinit(Graph *graph)
{
        free(graph->n_visits);
        free(graph->neighbours);
        free(graph->first);
}

/* Counts neighbours into first[node + 1], then makes running sums of the counts. */
static void count_neighbours(Graph *graph, const Mesh *mesh)
{
        for (size_t e = 0; e < mesh->n_surfaces; e++) {
                size_t n = element_n_nodes(mesh->surfaces[e].kind);

                for (size_t i = 0; i < n; i++)
                        graph->first[mesh->surfaces[e].nodes[i] + 1] += n - 1;
        }
        for (size_t i = 0; i < graph->n_nodes; i++)
                graph->first[i + 1] += graph->first[i];
}

static void list_neighbours(Graph *graph, size_t *next, const Element *element)
{
        size_t n = element_n_nodes(element->kind);

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++)
                        if (i != j)
                                graph->neighbours[next[element->nodes[i]]++] = element->nodes[j];
}

static int graph_init(Graph *graph, const Mesh *mesh)
{
        CLEANUP(free_memory) size_t *next = calloc(mesh->n_nodes + 1, sizeof(*next));

        graph->n_nodes = mesh->n_nodes;
        graph->first = calloc(mesh->n_nodes + 1, sizeof(*graph->first));
        graph->n_visits = calloc(mesh->n_nodes + 1, sizeof(*graph->n_visits));
        if (!next || !graph->first || !graph->n_visits)
                return -ENOMEM;

        count_neighbours(graph, mesh);
        graph->neighbours = calloc(graph->first[mesh->n_nodes] + 1, sizeof(*graph->neighbours));
        if (!graph->neighbours)
                return -ENOMEM;
        memcpy(next, graph->first, mesh->n_nodes * sizeof(*next));
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                list_neighbours(graph, next, &mesh->surfaces[e]);
        return 0;
}

static int compare_degrees(const void *a, const void *b, void *userdata)
{
        uint32_t x = *(const uint32_t *)a;
        uint32_t y = *(const uint32_t *)b;
        const Graph *graph = userdata;
        size_t n_x = graph->first[x + 1] - graph->first[x];
        size_t n_y = graph->first[y + 1] - graph->first[y];

        if (n_x != n_y)
                return n_x < n_y ? -1 : 1;
        return (x > y) - (x < y);
}

/* Lists the connected part around @start, breadth first. Returns its size. */
static size_t search(Graph *graph, uint32_t start, uint32_t *ret)
{
        uint8_t visit = (uint8_t)(graph->n_visits[start] + 1);
        size_t n_found = 1;

        ret[0] = start;
        graph->n_visits[start] = visit;
        for (size_t i = 0; i < n_found; i++) {
                size_t n_before = n_found;

                for (size_t k = graph->first[ret[i]]; k < graph->first[ret[i] + 1]; k++) {
                        uint32_t neighbour = graph->neighbours[k];

                        if (graph->n_visits[neighbour] == visit)
                                continue;
                        graph->n_visits[neighbour] = visit;
                        ret[n_found++] = neighbour;
                }
                qsort_r(ret + n_before, n_found - n_before, sizeof(*ret), compare_degrees, graph);
        }
        return n_found;
}

int order_nodes(const Mesh *mesh, uint32_t *ret)
{
        CLEANUP(graph_deinit) Graph graph = { 0 };
        size_t n_ordered = 0;
        int r;

        r = graph_init(&graph, mesh);
        if (r)
                return r;

        for (uint32_t node = 0; node < mesh->n_nodes; node++) {
                uint32_t start = node;
                size_t n_part = 0;

                if (graph.n_visits[node])
                        continue;
                for (int i = 0; i < SEARCHES; i++) {
                        n_part = search(&graph, start, ret + n_ordered);
                        start = ret[n_ordered + n_part - 1];
                }
                n_ordered += n_part;
        }

        for (size_t i = 0; i < n_ordered / 2; i++) {
                uint32_t swapped = ret[i];

                ret[i] = ret[n_ordered - 1 - i];
                ret[n_ordered - 1 - i] = swapped;
        }
        return 0;
}

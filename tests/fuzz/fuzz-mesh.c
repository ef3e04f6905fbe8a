/* SPDX-License-Identifier: MIT */

/* What parses is a mesh as its header promises it, every node of which can be found again; what
 * does not parse is told in one printable line. */

#include "examples/thermo-mechanical/fem/gmsh.h"
#include "examples/thermo-mechanical/fem/locator.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_element(const Mesh *mesh, const Element *element)
{
        double xy[ELEMENT_NODES_MAX][2];

        for (size_t i = 0; i < element_n_nodes(element->kind); i++)
                PROPERTY(element->nodes[i] < mesh->n_nodes);
        mesh_corners(mesh, element, xy);
        PROPERTY(element_inspect(element->kind, xy) == ELEMENT_SOUND);
        if (element->group == ELEMENT_NO_GROUP)
                return;
        PROPERTY(element->group < mesh->n_groups);
        PROPERTY(mesh->groups[element->group].dimension == element_dimension(element->kind));
        PROPERTY(mesh->groups[element->group].n_elements > 0);
}

static void check_mesh(const Mesh *mesh)
{
        Locator locator;

        PROPERTY(mesh->n_surfaces > 0);
        for (size_t e = 0; e < mesh->n_surfaces; e++)
                check_element(mesh, &mesh->surfaces[e]);
        for (size_t e = 0; e < mesh->n_borders; e++)
                check_element(mesh, &mesh->borders[e]);

        PROPERTY(locator_init(&locator, mesh) == 0);
        for (size_t i = 0; i < mesh->n_nodes; i++) {
                double shape[ELEMENT_NODES_MAX];

                PROPERTY(locator_find(&locator, mesh->nodes[i], shape) != NULL);
        }
        locator_deinit(&locator);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Complaint complaint = { "" };
        Mesh mesh;
        int r;

        r = gmsh_parse(&mesh, "input", (const char *)data, size, &complaint);
        if (r) {
                PROPERTY(r == FEM_E_REFUSED);
                PROPERTY(strncmp(complaint.text, "input:", 6) == 0);
                for (const char *c = complaint.text; *c; c++)
                        PROPERTY(*c >= 0x20 && *c <= 0x7e);
                return 0;
        }
        check_mesh(&mesh);
        mesh_deinit(&mesh);
        return 0;
}

/* SPDX-License-Identifier: MIT */

/*
 * The sections must stand in the order in which Gmsh writes them: names before elements, nodes
 * before elements. One node and one element stand on a line, so that the line of each is known from
 * the line of the first.
 */

#include "examples/thermo-mechanical/fem/gmsh.h"

#include "examples/thermo-mechanical/fem/lines.h"
#include "examples/thermo-mechanical/fem/numbering.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define NUMBER_MAX       INT32_MAX
#define TAGS_MAX         64u  /* more partitions than a plane mesh has neighbours */
#define LINE_BYTES_LEAST 6u   /* the shortest line that names a group, a node or an element */
#define PLANE_TOLERANCE  1e-9 /* metres off the plane z = 0 */

typedef struct Reader Reader;

struct Reader {
        Lines lines;
        Complaint *complaint; /* borrowed */
        bool has_format;
        Numbering nodes;
        Mesh mesh;
};

static void reader_deinit(Reader *reader)
{
        numbering_deinit(&reader->nodes);
        mesh_deinit(&reader->mesh);
}

#define refuse(reader, ...) lines_refuse(&(reader)->lines, (reader)->complaint, __VA_ARGS__)

/* Goes to the next line, which there must be. */
static int next_line(Reader *reader, const char *section)
{
        int r = lines_next(&reader->lines, reader->complaint);

        if (r == FEM_E_END)
                return refuse(reader, "the text ends within $%s", section);
        return r;
}

static int read_count(Reader *reader, const char *what, uint32_t max, uint32_t *ret)
{
        return lines_count(&reader->lines, what, 0, max, ret, reader->complaint);
}

static int read_number(Reader *reader, const char *what, uint32_t *ret)
{
        return lines_count(&reader->lines, what, 1, NUMBER_MAX, ret, reader->complaint);
}

/* Reads how many lines the section has, and believes it only if so many can follow. */
static int read_announced(Reader *reader, const char *section, uint32_t max, uint32_t *ret)
{
        uint32_t n;
        int r;

        r = next_line(reader, section);
        if (r)
                return r;
        r = read_count(reader, "a count", max, &n);
        if (r)
                return r;
        if (n > (size_t)(reader->lines.end - reader->lines.next) / LINE_BYTES_LEAST)
                return refuse(reader, "%u lines announced, but the text ends before", n);

        *ret = n;
        return lines_finish(&reader->lines, reader->complaint);
}

static int read_end(Reader *reader, const char *section)
{
        const char *word;
        int r;

        r = next_line(reader, section);
        if (r)
                return r;
        word = lines_word(&reader->lines);
        if (!word || strncmp(word, "$End", 4) != 0 || strcmp(word + 4, section) != 0)
                return refuse(reader, "$End%s wanted, not \"%.40s\"", section, word ? word : "");
        return lines_finish(&reader->lines, reader->complaint);
}

static int read_format(Reader *reader)
{
        const char *version;
        uint32_t is_binary;
        int r;

        r = next_line(reader, "MeshFormat");
        if (r)
                return r;
        version = lines_word(&reader->lines);
        if (!version || strncmp(version, "2", 1) != 0 || (version[1] && version[1] != '.'))
                return refuse(reader, "format MSH 2.2 wanted, not \"%.40s\"",
                              version ? version : "");
        r = read_count(reader, "a file type", 1, &is_binary);
        if (r)
                return r;
        if (is_binary)
                return refuse(reader, "this mesh is binary; save it as ASCII");

        reader->has_format = true;
        return read_end(reader, "MeshFormat");
}

/* A group's name, in quotation marks, is all the rest of the line. */
static int read_name(Reader *reader, char ret[static MESH_NAME_MAX + 1])
{
        char *name = lines_rest(&reader->lines);
        size_t n = strlen(name);

        if (n < 3 || name[0] != '"' || name[n - 1] != '"')
                return refuse(reader, "a name in quotation marks wanted, not \"%.40s\"", name);
        if (n - 2 > MESH_NAME_MAX)
                return refuse(reader, "name longer than %u bytes", MESH_NAME_MAX);

        memcpy(ret, name + 1, n - 2);
        ret[n - 2] = 0;
        return 0;
}

static int read_group(Reader *reader)
{
        Mesh *mesh = &reader->mesh;
        MeshGroup *group = &mesh->groups[mesh->n_groups];
        int r;

        r = next_line(reader, "PhysicalNames");
        if (!r)
                r = read_count(reader, "a dimension", 3, &group->dimension);
        if (!r)
                r = read_number(reader, "a group number", &group->tag);
        if (!r)
                r = read_name(reader, group->name);
        if (r)
                return r;
        if (mesh_find_group(mesh, group->name))
                return refuse(reader, "a second group named \"%.40s\"", group->name);

        mesh->n_groups++;
        return 0;
}

static int read_groups(Reader *reader)
{
        uint32_t n_groups;
        int r;

        if (reader->mesh.groups)
                return refuse(reader, "a second $PhysicalNames");
        r = read_announced(reader, "PhysicalNames", MESH_GROUPS_MAX, &n_groups);
        if (r)
                return r;
        reader->mesh.groups = calloc(n_groups + 1, sizeof(*reader->mesh.groups));
        if (!reader->mesh.groups)
                return -ENOMEM;

        for (uint32_t i = 0; i < n_groups; i++) {
                r = read_group(reader);
                if (r)
                        return r;
        }
        return read_end(reader, "PhysicalNames");
}

/* Refuses what bears the same number as one before it; the first stands on @first_line. */
static int sort_numbers(Reader *reader, const char *what, size_t first_line, Numbering *numbering)
{
        const NumberingEntry *second = numbering_sort(numbering);

        if (!second)
                return 0;
        reader->lines.number = first_line + second->place;
        return refuse(reader, "a second %s %u", what, second->number);
}

static int read_coordinate(Reader *reader, const char *what, double max, double *ret)
{
        int r = lines_number(&reader->lines, what, ret, reader->complaint);

        if (!r && fabs(*ret) > max)
                return refuse(reader, "%s within %g m of 0 wanted, not %g", what, max, *ret);
        return r;
}

static int read_node(Reader *reader)
{
        Mesh *mesh = &reader->mesh;
        double *xy = mesh->nodes[mesh->n_nodes];
        uint32_t *id = &mesh->node_ids[mesh->n_nodes];
        double z;
        int r;

        r = next_line(reader, "Nodes");
        if (!r)
                r = read_number(reader, "a node number", id);
        if (!r)
                r = read_coordinate(reader, "a coordinate x", MESH_COORDINATE_MAX, &xy[0]);
        if (!r)
                r = read_coordinate(reader, "a coordinate y", MESH_COORDINATE_MAX, &xy[1]);
        if (!r)
                r = read_coordinate(reader, "a coordinate z", PLANE_TOLERANCE, &z);
        if (!r)
                r = lines_finish(&reader->lines, reader->complaint);
        if (r)
                return r;

        mesh->n_nodes++;
        return 0;
}

static int read_nodes(Reader *reader)
{
        Mesh *mesh = &reader->mesh;
        size_t first_line;
        uint32_t n_nodes;
        int r;

        if (mesh->nodes)
                return refuse(reader, "a second $Nodes");
        r = read_announced(reader, "Nodes", MESH_NODES_MAX, &n_nodes);
        if (r)
                return r;
        mesh->nodes = calloc(n_nodes + 1, sizeof(*mesh->nodes));
        mesh->node_ids = calloc(n_nodes + 1, sizeof(*mesh->node_ids));
        if (!mesh->nodes || !mesh->node_ids || numbering_init(&reader->nodes, n_nodes))
                return -ENOMEM;

        first_line = reader->lines.number + 1;
        for (uint32_t i = 0; i < n_nodes; i++) {
                r = read_node(reader);
                if (r)
                        return r;
                numbering_add(&reader->nodes, mesh->node_ids[i]);
        }
        r = sort_numbers(reader, "node", first_line, &reader->nodes);
        if (r)
                return r;
        return read_end(reader, "Nodes");
}

static int read_kind(Reader *reader, ElementKind *ret)
{
        uint32_t type;
        int r;

        r = read_number(reader, "an element type", &type);
        if (r)
                return r;
        switch (type) {
        case 1:
                *ret = ELEMENT_LINE;
                return 0;
        case 2:
                *ret = ELEMENT_TRIANGLE;
                return 0;
        case 3:
                *ret = ELEMENT_QUADRILATERAL;
                return 0;
        case 15:
                *ret = ELEMENT_POINT;
                return 0;
        default:
                return refuse(reader,
                              "element type %u; points (15), 2-node lines (1), 3-node triangles "
                              "(2) and 4-node quadrilaterals (3) are read",
                              type);
        }
}

/* The first tag is the group's number, or 0; groups without a name cannot be meant by anyone. */
static int read_tags(Reader *reader, Element *element)
{
        uint32_t group_tag = 0;
        uint32_t n_tags;
        uint32_t tag;
        int r;

        r = read_count(reader, "a number of tags", TAGS_MAX, &n_tags);
        for (uint32_t i = 0; i < n_tags && !r; i++) {
                /* Partition numbers, far behind, may be negative; they are of no interest. */
                if (i > 1)
                        (void)lines_word(&reader->lines);
                else
                        r = read_count(reader, "a tag", NUMBER_MAX, i == 0 ? &group_tag : &tag);
        }
        if (r)
                return r;

        element->group = ELEMENT_NO_GROUP;
        for (uint32_t i = 0; i < reader->mesh.n_groups; i++) {
                const MeshGroup *group = &reader->mesh.groups[i];

                if (group->tag == group_tag && group->dimension == element_dimension(element->kind))
                        element->group = i;
        }
        return 0;
}

static int read_corner(Reader *reader, uint32_t *ret)
{
        uint32_t number;
        int r;

        r = read_number(reader, "a node number", &number);
        if (r)
                return r;
        *ret = numbering_find(&reader->nodes, number);
        if (*ret == NUMBERING_NONE)
                return refuse(reader, "there is no node %u", number);
        return 0;
}

static int inspect(Reader *reader, const Element *element)
{
        double xy[ELEMENT_NODES_MAX][2];

        mesh_corners(&reader->mesh, element, xy);
        switch (element_inspect(element->kind, xy)) {
        case ELEMENT_SOUND:
                return 0;
        case ELEMENT_DEGENERATE:
                return refuse(reader, "element %u is degenerate: next to no length or area",
                              element->id);
        case ELEMENT_INVERTED:
                return refuse(reader,
                              "element %u is inverted: its nodes must run counterclockwise around "
                              "a convex shape",
                              element->id);
        }
        return 0;
}

static int read_element(Reader *reader, Element *ret)
{
        Element element = { 0 };
        int r;

        r = next_line(reader, "Elements");
        if (!r)
                r = read_number(reader, "an element number", &element.id);
        if (!r)
                r = read_kind(reader, &element.kind);
        if (!r)
                r = read_tags(reader, &element);
        for (size_t i = 0; !r && i < element_n_nodes(element.kind); i++)
                r = read_corner(reader, &element.nodes[i]);
        if (!r)
                r = lines_finish(&reader->lines, reader->complaint);
        if (!r)
                r = inspect(reader, &element);
        if (!r)
                *ret = element;
        return r;
}

static void add_element(Mesh *mesh, const Element *element)
{
        if (element->group != ELEMENT_NO_GROUP)
                mesh->groups[element->group].n_elements++;
        if (element_dimension(element->kind) == 2)
                mesh->surfaces[mesh->n_surfaces++] = *element;
        else
                mesh->borders[mesh->n_borders++] = *element;
}

static int read_element_lines(Reader *reader, uint32_t n_elements)
{
        CLEANUP(numbering_deinit) Numbering numbering = { 0 };
        size_t first_line = reader->lines.number + 1;
        Element element;
        int r;

        r = numbering_init(&numbering, n_elements);
        if (r)
                return r;
        for (uint32_t i = 0; i < n_elements; i++) {
                r = read_element(reader, &element);
                if (r)
                        return r;
                numbering_add(&numbering, element.id);
                add_element(&reader->mesh, &element);
        }
        return sort_numbers(reader, "element", first_line, &numbering);
}

static int read_elements(Reader *reader)
{
        Mesh *mesh = &reader->mesh;
        uint32_t n_elements;
        int r;

        if (!mesh->nodes)
                return refuse(reader, "$Elements before $Nodes");
        if (mesh->surfaces)
                return refuse(reader, "a second $Elements");
        r = read_announced(reader, "Elements", MESH_ELEMENTS_MAX, &n_elements);
        if (r)
                return r;
        mesh->surfaces = calloc(n_elements + 1, sizeof(*mesh->surfaces));
        mesh->borders = calloc(n_elements + 1, sizeof(*mesh->borders));
        if (!mesh->surfaces || !mesh->borders)
                return -ENOMEM;

        r = read_element_lines(reader, n_elements);
        if (r)
                return r;
        return read_end(reader, "Elements");
}

static int skip_section(Reader *reader, const char *section)
{
        for (;;) {
                const char *word;
                int r;

                r = next_line(reader, section);
                if (r)
                        return r;
                word = lines_word(&reader->lines);
                if (word && strncmp(word, "$End", 4) == 0 && strcmp(word + 4, section) == 0)
                        return 0;
        }
}

static const struct {
        const char *name;
        int (*read)(Reader *reader);
} sections[] = {
        { "MeshFormat", read_format },
        { "PhysicalNames", read_groups },
        { "Nodes", read_nodes },
        { "Elements", read_elements },
};

static int read_section(Reader *reader, const char *title)
{
        char section[32];
        size_t n = strlen(title);

        if (title[0] != '$' || n > sizeof(section))
                return refuse(reader, "a section like $Nodes wanted, not \"%.40s\"", title);
        /* The title stands in the line that reading on overwrites. */
        memcpy(section, title + 1, n);

        if (!reader->has_format && strcmp(section, "MeshFormat") != 0)
                return refuse(reader, "$MeshFormat wanted first, not $%s", section);
        for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
                if (strcmp(section, sections[i].name) == 0)
                        return sections[i].read(reader);
        return skip_section(reader, section);
}

static int read_sections(Reader *reader)
{
        for (;;) {
                const char *title;
                int r;

                r = lines_next(&reader->lines, reader->complaint);
                if (r)
                        return r == FEM_E_END ? 0 : r;
                title = lines_rest(&reader->lines);
                if (*title) {
                        r = read_section(reader, title);
                        if (r)
                                return r;
                }
        }
}

int gmsh_parse(Mesh *ret, const char *name, const char *text, size_t n_text, Complaint *complaint)
{
        CLEANUP(reader_deinit) Reader reader = { .complaint = complaint };
        const Element *stray;
        int r;

        lines_init(&reader.lines, name, text, n_text, 0);
        r = read_sections(&reader);
        if (r)
                return r;
        if (reader.mesh.n_surfaces == 0)
                return complaint_set(complaint, "%.100s: no triangle and no quadrilateral in it",
                                     name);
        r = mesh_drop_unused(&reader.mesh, &stray);
        if (r)
                return r;
        if (stray)
                return complaint_set(complaint,
                                     "%.100s: element %u touches no triangle and no quadrilateral",
                                     name, stray->id);

        *ret = reader.mesh;
        reader.mesh = (Mesh){ 0 };
        return 0;
}

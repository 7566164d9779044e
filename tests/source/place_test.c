/* SPDX-License-Identifier: BSD-3-Clause */
/* place_test.c - cores by the node of the ports, on machines that are made up. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/source/place.h"

#include "test.h"

static char root[] = "/tmp/sightline-place-XXXXXX";
static char made[64][512];
static unsigned made_count;

static void folder(const char *path)
{
	if (mkdir(path, 0755) == 0)
		snprintf(made[made_count++], sizeof(made[0]), "%s", path);
}

static void file(const char *path, const char *text)
{
	char all[512];
	snprintf(all, sizeof(all), "%s%s", root, path);
	for (char *at = all + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		folder(all);
		*at = '/';
	}
	FILE *f = fopen(all, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	snprintf(made[made_count++], sizeof(made[0]), "%s", all);
}

/* Two nodes of four cores, of each a card, and a node that has none. */
static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	file("/sys/devices/system/node/node0/cpulist", "0,2,4,6\n");
	file("/sys/devices/system/node/node1/cpulist", "1,3-3,5,7\n");
	file("/sys/devices/system/node/node2/cpulist", "\n");
	file("/sys/bus/pci/devices/0000:3b:00.0/numa_node", "0\n");
	file("/sys/bus/pci/devices/0000:af:00.1/numa_node", "1\n");
	file("/sys/bus/pci/devices/0000:d8:00.0/numa_node", "2\n");
	file("/sys/bus/pci/devices/0000:00:03.0/numa_node", "-1\n");
	file("/sys/class/net/ens1/device/numa_node", "1\n");
	file("/sys/class/net/veth0/mtu", "1500\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (made_count > 0)
		(void)remove(made[--made_count]);
	return rmdir(root);
}

static cpu_set_t cores(unsigned first, unsigned last)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	for (unsigned i = first; i <= last; i++)
		CPU_SET(i, &set);
	return set;
}

#define LOOK(p, set, ...)                                                                          \
	({                                                                                         \
		static const char *const port[] = { __VA_ARGS__ };                                 \
		cpu_set_t allowed = set;                                                           \
		err[0] = '\0';                                                                     \
		place_look(p, root, &allowed, port, sizeof(port) / sizeof(port[0]), err,           \
			sizeof(err));                                                              \
	})

static char err[256];

static void expect(const struct place *p, const unsigned *core, unsigned n)
{
	assert_int_equal(p->count, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(p->core[i], core[i]);
}

static void test_cores_of_the_ports_node(void **state)
{
	struct place p;
	(void)state;
	assert_int_equal(LOOK(&p, cores(0, 7), "0000:af:00.1", "veth0", "0000:00:03.0"), 0);
	assert_int_equal(p.node, 1);
	expect(&p, (unsigned[]){ 1, 3, 5, 7, 0, 2, 4, 6 }, 8);
	assert_int_equal(p.near, 4);
	assert_int_equal(place_workers(&p), 4); /* control has the other node */
	place_share(&p, 3);
	assert_true(p.spare);
	assert_int_equal(CPU_COUNT(&p.control), 5);
	assert_false(
		CPU_ISSET(1, &p.control) || CPU_ISSET(3, &p.control) || CPU_ISSET(5, &p.control));
}

static void test_each_way_to_name_a_port(void **state)
{
	struct place p;
	(void)state;
	assert_int_equal(LOOK(&p, cores(0, 7), "3b:00.0"), 0);
	assert_int_equal(p.node, 0);
	assert_int_equal(LOOK(&p, cores(0, 7), "0000:3b:00.0,representor=0"), 0);
	assert_int_equal(p.node, 0);
	assert_int_equal(LOOK(&p, cores(0, 7), "afpacket:ens1"), 0);
	assert_int_equal(p.node, 1);
	assert_int_equal(LOOK(&p, cores(0, 7), "net_af_xdp0,iface=ens1,queue_count=2"), 0);
	assert_int_equal(p.node, 1);
	assert_int_equal(LOOK(&p, cores(0, 7), "net_pcap0,rx_iface=ens1"), 0);
	assert_int_equal(p.node, 1);
	assert_int_equal(LOOK(&p, cores(0, 7), "afpacket:../ens1", "afpacket:", "net_ring0",
				 "3b:00.9", "3b:00.0x", "net_tap0,iface=", "afpacket:veth0"),
		0);
	assert_int_equal(p.node, -1);
	expect(&p, (unsigned[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 8);
	assert_int_equal(place_workers(&p), 7);
}

static void test_two_nodes_are_refused(void **state)
{
	struct place p;
	(void)state;
	assert_int_equal(LOOK(&p, cores(0, 7), "afpacket:ens1", "0000:3b:00.0"), -EXDEV);
	assert_string_equal(err, "port 0000:3b:00.0: it is on NUMA node 0, and afpacket:ens1 on "
				 "node 1; start one sensor for the ports of each node");
}

static void say(const struct place *p, unsigned workers, const char *expected)
{
	char text[512] = "";
	FILE *f = fmemopen(text, sizeof(text), "w");
	place_plan(p, workers, f);
	fclose(f);
	assert_string_equal(text, expected);
}

static void test_what_the_process_was_given(void **state)
{
	struct place p;
	(void)state;
	assert_int_equal(LOOK(&p, cores(2, 5), "0000:af:00.1"), 0);
	expect(&p, (unsigned[]){ 3, 5, 2, 4 }, 4);
	place_share(&p, 2);
	say(&p, 2,
		"workers: cores 3,5 (NUMA node 1, of port 0000:af:00.1); control: the other cores");
	place_share(&p, 4);
	assert_false(p.spare);
	say(&p, 4,
		"workers: cores 3,5,2,4; WARNING: NUMA node 1 of port 0000:af:00.1 has 2 cores "
		"for this process, and other workers are on another; control: shares them");
	assert_int_equal(LOOK(&p, cores(4, 4), "0000:af:00.1"), 0);
	assert_int_equal(p.near, 0);
	assert_int_equal(place_workers(&p), 1);
	place_share(&p, 1);
	say(&p, 1,
		"workers: cores 4; WARNING: port 0000:af:00.1 is on NUMA node 1, of whose cores "
		"this process has none; control: shares them");
	assert_int_equal(LOOK(&p, cores(0, 1), "0000:d8:00.0"), 0);
	assert_int_equal(p.near, 0);
	expect(&p, (unsigned[]){ 0, 1 }, 2);
	assert_int_equal(LOOK(&p, cores(1, 1), "0000:af:00.1"), 0);
	assert_int_equal(place_workers(&p), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cores_of_the_ports_node),
		cmocka_unit_test(test_each_way_to_name_a_port),
		cmocka_unit_test(test_two_nodes_are_refused),
		cmocka_unit_test(test_what_the_process_was_given),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

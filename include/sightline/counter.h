/* SPDX-License-Identifier: BSD-3-Clause */
/* counter.h - everything that is counted, in one list that makes the enum, the metric and its help.
 * One writer for each set of counters (a worker, the publisher ...): relaxed loads and stores, no
 * locked add; whoever reports sums over the sets. Counters of one parser come from its registry row
 * instead. */
#ifndef SIGHTLINE_COUNTER_H
#define SIGHTLINE_COUNTER_H

#include <stdint.h>

/* Packets that leave the path early, each by its name: SL_DROP_*. */
#define SL_DROPS(X)                                                                                \
	X(SHORT, "short", "shorter than its headers say")                                          \
	X(LINKTYPE, "linktype", "link layer that is not understood")                               \
	X(NOT_IP, "not_ip", "neither IPv4 nor IPv6 (ARP, STP ...)")                                \
	X(VLAN_DEPTH, "vlan_depth", "more VLAN tags than are followed")                            \
	X(IP_VERSION, "ip_version", "IP version and EtherType contradict each other")              \
	X(IP_HEADER, "ip_header", "IP header length below its minimum or above the packet")        \
	X(IP_EXTENSION, "ip_extension", "chain of IPv6 extension headers broken or too long")      \
	X(CHECKSUM, "checksum", "wrong checksum, and --checksums verify")                          \
	X(FLOW_TABLE, "flow_table", "no room for its flow")

#define X(id, label, help) SL_DROP_##id,
enum sl_drop { SL_DROPS(X) SL_DROP_COUNT };
#undef X

/* id, metric with labels, help. */
#define SL_COUNTERS(X)                                                                             \
	X(RX_PACKETS, "sightline_rx_packets_total", "packets taken from the source")               \
	X(RX_BYTES, "sightline_rx_bytes_total", "their bytes, as captured")                        \
	X(PROCESSED, "sightline_processed_packets_total", "packets that went the whole path")      \
	X(CUT_PACKETS, "sightline_cut_packets_total", "packets captured shorter than on the wire") \
	X(FRAGMENTS, "sightline_fragment_packets_total",                                           \
		"IP fragments: addresses used, payload not")                                       \
	X(L4_SHORT, "sightline_l4_short_packets_total", "transport header cut or contradictory")   \
	X(CHECKSUM_IP, "sightline_wrong_checksum_packets_total{layer=\"ip\"}", "wrong checksum")   \
	X(CHECKSUM_L4, "sightline_wrong_checksum_packets_total{layer=\"l4\"}", "wrong checksum")   \
	X(FLOWS_NEW, "sightline_flows_total", "flows opened")                                      \
	X(FLOWS_TIMEOUT, "sightline_flow_ends_total{end=\"timeout\"}", "flows that fell silent")   \
	X(FLOWS_CLOSED, "sightline_flow_ends_total{end=\"closed\"}",                               \
		"flows that ended by FIN or RST")                                                  \
	X(FLOWS_EVICTED, "sightline_flow_ends_total{end=\"evicted\"}", "flows put out for room")   \
	X(FLOWS_FLUSHED, "sightline_flow_ends_total{end=\"flush\"}", "flows open at the end")      \
	X(PARSER_POOL, "sightline_parser_state_denied_total", "no parser state left for a flow")   \
	X(SAID_POOL, "sightline_context_denied_total", "no context block left for a flow")         \
	X(SAID_FULL, "sightline_context_full_total",                                               \
		"values that a context block had no room for")                                     \
	X(OBSERVABLES, "sightline_observables_total", "observables matched")                       \
	X(OBSERVABLES_CUT, "sightline_observables_truncated_total",                                \
		"values longer than the bound")                                                    \
	X(BATCH_FULL, "sightline_batch_full_total", "times that a full batch stopped a parser")    \
	X(HITS, "sightline_hits_total", "observables that satisfied an indicator")                 \
	X(HITS_CUT, "sightline_hits_truncated_total", "indicators beyond what one hit can name")   \
	X(HITS_ALLOWED, "sightline_hits_allowed_total",                                            \
		"hits that HOME_NET or an allow-list undid")                                       \
	X(RING_WAIT, "sightline_ring_waits_total",                                                 \
		"times that a worker waited for its ring (replay)")                                \
	X(RING_DROP, "sightline_ring_dropped_records_total", "records lost to a full ring (port)") \
	X(RELOOKUPS, "sightline_flow_relookups_total",                                             \
		"open flows looked up again after a change of intel")                              \
	X(SIGHTINGS, "sightline_sightings_total", "sightings opened")                              \
	X(SIGHTING_MESSAGES, "sightline_sighting_messages_total",                                  \
		"sighting messages, all revisions")                                                \
	X(SIGHTING_EVICTED, "sightline_sightings_evicted_total",                                   \
		"open sightings closed early for room")                                            \
	X(BUS_SENT, "sightline_collector_sent_sightings_total", "sightings sent to the collector") \
	X(BUS_ACKED, "sightline_collector_acked_sightings_total",                                  \
		"sightings that it acknowledged")                                                  \
	X(BUS_LOST, "sightline_collector_lost_sightings_total",                                    \
		"sightings that could not be delivered")                                           \
	X(PUBLISHED, "sightline_published_sightings_total", "sightings put on the stream")         \
	X(RELOADS, "sightline_intel_reloads_total{result=\"ok\"}",                                 \
		"intel reloads that took effect")                                                  \
	X(RELOADS_REFUSED, "sightline_intel_reloads_total{result=\"refused\"}", "reloads refused") \
	X(FEED_BAD, "sightline_intel_unusable_lines_total", "feed entries that could not be used") \
	X(SIGHTINGS_LOST, "sightline_sightings_lost_total", "hits that could not be aggregated")   \
	X(LINES_LOST, "sightline_lines_lost_total", "JSON lines that could not be made")           \
	X(STREAM_MISSING, "sightline_stream_missing_bytes_total",                                  \
		"TCP payload that no packet brought")                                              \
	X(STREAM_REPEATED, "sightline_stream_repeated_bytes_total",                                \
		"TCP payload left out: it had been seen")                                          \
	X(STREAM_LATE, "sightline_stream_late_segments_total",                                     \
		"TCP segments that came after what follows them")                                  \
	X(STREAM_RESYNC, "sightline_stream_resyncs_total",                                         \
		"sequence numbers too far off to be of the same run")                              \
	X(STREAM_SYN_DATA, "sightline_stream_syn_data_segments_total",                             \
		"SYN segments with payload")                                                       \
	X(MESSAGES_PART, "sightline_partly_read_messages_total",                                   \
		"messages cut or malformed, used up to there")                                     \
	X(STREAM_HELD, "sightline_stream_held_segments_total",                                     \
		"TCP segments kept because bytes before them were missing")                        \
	X(STREAM_CONFLICT, "sightline_stream_conflicts_total",                                     \
		"TCP segments that contradict bytes held of another")                              \
	X(STREAM_HOLE_ACKED, "sightline_stream_holes_given_up_total{why=\"acknowledged\"}",        \
		"holes that the receiver had filled and the capture had not")                      \
	X(STREAM_HOLE_CUT, "sightline_stream_holes_given_up_total{why=\"cut\"}",                   \
		"holes left by packets captured short")                                            \
	X(STREAM_HOLE_BOUND, "sightline_stream_holes_given_up_total{why=\"bound\"}",               \
		"holes with too much held behind them")                                            \
	X(STREAM_HOLE_MEMORY, "sightline_stream_holes_given_up_total{why=\"memory\"}",             \
		"holes given up because the memory for segments was used up")                      \
	X(STREAM_HOLE_END, "sightline_stream_holes_given_up_total{why=\"end\"}",                   \
		"holes that nothing could fill any more")                                          \
	X(TUNNEL_HEADERS, "sightline_tunnel_inner_headers_total",                                  \
		"IP headers decoded inside another")                                               \
	X(TUNNEL_OTHER, "sightline_tunnel_outside_only_packets_total{inside=\"not_ip\"}",          \
		"tunnel packets known by their outside, as no IP is in them")                      \
	X(TUNNEL_BROKEN, "sightline_tunnel_outside_only_packets_total{inside=\"broken\"}",         \
		"tunnel packets known by their outside, as what is in them is cut or malformed")   \
	X(TUNNEL_DEEP, "sightline_tunnel_too_deep_packets_total",                                  \
		"packets with more headers in each other than are followed")                       \
	X(TREES_TRUE, "sightline_tree_expressions_total",                                          \
		"expressions of detections that became true")                                      \
	X(TREE_STATES_EVICTED, "sightline_tree_states_evicted_total",                              \
		"states of a flow's detections that made room for newer ones")                     \
	X(TREE_STATES_DENIED, "sightline_tree_states_denied_total",                                \
		"states of detections that there was no room for")                                 \
	X(TREES_NOT_ASKED, "sightline_tree_expressions_not_asked_total",                           \
		"expressions over flows alone that were too many to ask")                          \
	X(SEARCHES_GIVEN_UP, "sightline_searches_given_up_total",                                  \
		"regular expressions that needed more work than a search is given")                \
	X(CORRELATOR_EVENTS, "sightline_correlator_observations_total",                            \
		"observations handed to the correlator")                                           \
	X(CORRELATOR_STATES, "sightline_correlator_states_total",                                  \
		"hosts that a detection began to be followed on")                                  \
	X(CORRELATOR_EVICTED, "sightline_correlator_states_evicted_total",                         \
		"hosts of a detection forgotten for room")                                         \
	X(CORRELATOR_DROPPED, "sightline_correlator_observations_dropped_total",                   \
		"observations of a host forgotten for room, or not evaluable")                     \
	X(CORRELATOR_EARLY, "sightline_correlator_observations_early_total",                       \
		"observations that were joined before their time for room")                        \
	X(CORRELATOR_GAVE_UP, "sightline_correlator_searches_given_up_total",                      \
		"joins that needed more work than a search is given")                              \
	X(CORRELATOR_TRUE, "sightline_correlator_matches_total",                                   \
		"times that observations joined made a detection true")

#define X(id, metric, help) SL_C_##id,
enum sl_counter { SL_COUNTERS(X) SL_C_COUNT };
#undef X

struct sl_counters {
	uint64_t c[SL_C_COUNT];
	uint64_t drop[SL_DROP_COUNT];
};

/* The writer's side. */
static inline void sl_count_cell(uint64_t *cell, uint64_t n)
{
	__atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline void sl_count(struct sl_counters *s, enum sl_counter id, uint64_t n)
{
	sl_count_cell(&s->c[id], n);
}

static inline void sl_count_drop(struct sl_counters *s, enum sl_drop id)
{
	sl_count_cell(&s->drop[id], 1);
}

/* The reporter's side: adds one set to a sum that it owns. */
static inline void sl_counters_add(struct sl_counters *sum, const struct sl_counters *s)
{
	for (unsigned i = 0; i < SL_C_COUNT; i++)
		sum->c[i] += __atomic_load_n(&s->c[i], __ATOMIC_RELAXED);
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		sum->drop[i] += __atomic_load_n(&s->drop[i], __ATOMIC_RELAXED);
}

/* Metric name and help of a counter; label of a drop. */
const char *sl_counter_metric(enum sl_counter id);
const char *sl_counter_help(enum sl_counter id);
const char *sl_drop_label(enum sl_drop id);
const char *sl_drop_help(enum sl_drop id);

#endif

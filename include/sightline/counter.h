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
	X(FLOW_TABLE, "flow_table", "no room for its flow")                                        \
	X(EXCLUDED, "excluded", "excluded by the configuration")                                   \
	X(DUPLICATE, "duplicate", "copy of a packet shortly before, and copies are dropped")

#define X(id, label, help) SL_DROP_##id,
enum sl_drop { SL_DROPS(X) SL_DROP_COUNT };
#undef X

/* id, metric with labels, help. */
#define SL_COUNTERS(X)                                                                             \
	X(RX_PACKETS, "sightline_rx_packets_total", "packets taken from the source")               \
	X(RX_BYTES, "sightline_rx_bytes_total", "their bytes, as captured")                        \
	X(BURSTS_BUSY, "sightline_bursts_total{state=\"busy\"}",                                   \
		"rounds of a worker in which packets came")                                        \
	X(BURSTS_IDLE, "sightline_bursts_total{state=\"idle\"}",                                   \
		"rounds of a worker in which none came")                                           \
	X(IDLE_PAUSED, "sightline_idle_cycles_total{how=\"paused\"}",                              \
		"cycles of the time-stamp counter that workers rested in, on their core")          \
	X(IDLE_BLOCKED, "sightline_idle_cycles_total{how=\"blocked\"}",                            \
		"cycles that workers lent their core, until a packet came")                        \
	X(PROCESSED, "sightline_processed_packets_total", "packets that went the whole path")      \
	X(CUT_PACKETS, "sightline_cut_packets_total", "packets captured shorter than on the wire") \
	X(FRAGMENTS, "sightline_fragment_packets_total",                                           \
		"IP fragments, of datagrams that became whole or not")                             \
	X(L4_SHORT, "sightline_l4_short_packets_total", "transport header cut or contradictory")   \
	X(CHECKSUM_IP, "sightline_wrong_checksum_packets_total{layer=\"ip\"}", "wrong checksum")   \
	X(CHECKSUM_L4, "sightline_wrong_checksum_packets_total{layer=\"l4\"}", "wrong checksum")   \
	X(FLOWS_NEW, "sightline_flows_total", "flows opened")                                      \
	X(FLOWS_SPLIT, "sightline_split_flows_total",                                              \
		"flows opened that another worker had open: their packets came to both")           \
	X(FLOWS_UNWATCHED, "sightline_unwatched_flows_total",                                      \
		"flows opened that there was no room to watch for that")                           \
	X(FLOWS_TIMEOUT, "sightline_flow_ends_total{end=\"timeout\"}", "flows that fell silent")   \
	X(FLOWS_CLOSED, "sightline_flow_ends_total{end=\"closed\"}",                               \
		"flows that ended by FIN or RST")                                                  \
	X(FLOWS_TWO_SIDED, "sightline_tcp_flow_ends_total{sides=\"two\"}",                         \
		"TCP flows that were more than an attempt, by the sides that were seen")           \
	X(FLOWS_ONE_SIDED, "sightline_tcp_flow_ends_total{sides=\"one\"}",                         \
		"TCP flows that were more than an attempt, by the sides that were seen")           \
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
	X(HITS_CUT, "sightline_hits_truncated_total",                                              \
		"indicators beyond what one hit can name, at most")                                \
	X(HITS_ALLOWED, "sightline_hits_allowed_total",                                            \
		"hits that HOME_NET or an allow-list undid")                                       \
	X(RING_WAIT, "sightline_ring_waits_total",                                                 \
		"times that a worker waited for its ring (replay)")                                \
	X(RING_DROP, "sightline_ring_dropped_records_total", "records lost to a full ring (port)") \
	X(RELOOKUPS, "sightline_flow_relookups_total",                                             \
		"open flows looked up again after a change of intel")                              \
	X(COPIES_LOOKED, "sightline_duplicate_looked_packets_total",                               \
		"packets that were looked at for being copies")                                    \
	X(COPIES, "sightline_duplicate_packets_total",                                             \
		"of those, copies of a packet shortly before")                                     \
	X(TIMED_PACKETS, "sightline_timed_packets_total", "packets of the bursts that were timed") \
	X(STAGE_RX, "sightline_stage_cycles_total{stage=\"rx\"}",                                  \
		"cycles of timed bursts: taking them from the source")                             \
	X(STAGE_DECODE, "sightline_stage_cycles_total{stage=\"decode\"}", "headers")               \
	X(STAGE_FLOW, "sightline_stage_cycles_total{stage=\"flow\"}", "finding the flows")         \
	X(STAGE_PARSE, "sightline_stage_cycles_total{stage=\"parse\"}",                            \
		"reassembly and protocols")                                                        \
	X(STAGE_MATCH, "sightline_stage_cycles_total{stage=\"match\"}",                            \
		"looking observables up, telling what is true")                                    \
	X(STAGE_END, "sightline_stage_cycles_total{stage=\"end\"}",                                \
		"flows and datagrams whose time is over")                                          \
	X(STAGE_RELEASE, "sightline_stage_cycles_total{stage=\"release\"}",                        \
		"giving packets back to the source")                                               \
	X(SHED_ENTRIES_BODIES, "sightline_shed_entries_total{level=\"bodies\"}",                   \
		"times that a worker began to leave more undone, by the level it came to")         \
	X(SHED_ENTRIES_ELEPHANTS, "sightline_shed_entries_total{level=\"elephants\"}",             \
		"times that a worker began to leave more undone, by the level it came to")         \
	X(SHED_ENTRIES_STREAMS, "sightline_shed_entries_total{level=\"streams\"}",                 \
		"times that a worker began to leave more undone, by the level it came to")         \
	X(SHED_ENTRIES_NAMES, "sightline_shed_entries_total{level=\"names\"}",                     \
		"times that a worker began to leave more undone, by the level it came to")         \
	X(SHED_BURSTS_BODIES, "sightline_shed_bursts_total{level=\"bodies\"}",                     \
		"rounds of a worker with packets at a level")                                      \
	X(SHED_BURSTS_ELEPHANTS, "sightline_shed_bursts_total{level=\"elephants\"}",               \
		"rounds of a worker with packets at a level")                                      \
	X(SHED_BURSTS_STREAMS, "sightline_shed_bursts_total{level=\"streams\"}",                   \
		"rounds of a worker with packets at a level")                                      \
	X(SHED_BURSTS_NAMES, "sightline_shed_bursts_total{level=\"names\"}",                       \
		"rounds of a worker with packets at a level")                                      \
	X(SHED_FLOWS_BODIES, "sightline_shed_flows_total{level=\"bodies\"}",                       \
		"flows of which a level left something undone")                                    \
	X(SHED_FLOWS_ELEPHANTS, "sightline_shed_flows_total{level=\"elephants\"}",                 \
		"flows of which a level left something undone")                                    \
	X(SHED_FLOWS_STREAMS, "sightline_shed_flows_total{level=\"streams\"}",                     \
		"flows of which a level left something undone")                                    \
	X(SHED_FLOWS_NAMES, "sightline_shed_flows_total{level=\"names\"}",                         \
		"flows of which a level left something undone")                                    \
	X(SHED_PACKETS_BODIES, "sightline_shed_packets_total{level=\"bodies\"}",                   \
		"their packets from then on, by the last level that they met")                     \
	X(SHED_PACKETS_ELEPHANTS, "sightline_shed_packets_total{level=\"elephants\"}",             \
		"their packets from then on, by the last level that they met")                     \
	X(SHED_PACKETS_STREAMS, "sightline_shed_packets_total{level=\"streams\"}",                 \
		"their packets from then on, by the last level that they met")                     \
	X(SHED_PACKETS_NAMES, "sightline_shed_packets_total{level=\"names\"}",                     \
		"their packets from then on, by the last level that they met")                     \
	X(SHED_BYTES_BODIES, "sightline_shed_bytes_total{level=\"bodies\"}",                       \
		"bytes of those packets on the wire")                                              \
	X(SHED_BYTES_ELEPHANTS, "sightline_shed_bytes_total{level=\"elephants\"}",                 \
		"bytes of those packets on the wire")                                              \
	X(SHED_BYTES_STREAMS, "sightline_shed_bytes_total{level=\"streams\"}",                     \
		"bytes of those packets on the wire")                                              \
	X(SHED_BYTES_NAMES, "sightline_shed_bytes_total{level=\"names\"}",                         \
		"bytes of those packets on the wire")                                              \
	X(BYPASSED_FLOWS, "sightline_bypassed_flows_total",                                        \
		"flows of which a parser wants nothing more, as behind a handshake")               \
	X(BYPASSED_PACKETS, "sightline_bypassed_packets_total",                                    \
		"packets of such flows, which nothing reassembles")                                \
	X(BYPASSED_BYTES, "sightline_bypassed_bytes_total", "their bytes on the wire")             \
	X(SIGHTINGS, "sightline_sightings_total", "sightings opened")                              \
	X(SIGHTING_MESSAGES, "sightline_sighting_messages_total",                                  \
		"sighting messages, all revisions")                                                \
	X(SIGHTING_EVICTED, "sightline_sightings_evicted_total",                                   \
		"open sightings closed early for room")                                            \
	X(SIGHTING_UNNAMED, "sightline_sighting_indicators_unnamed_total",                         \
		"indicators of hits that their sighting had no room to name")                      \
	X(BUS_SENT, "sightline_collector_sent_sightings_total", "sightings sent to the collector") \
	X(BUS_ACKED, "sightline_collector_acked_sightings_total",                                  \
		"sightings that it acknowledged")                                                  \
	X(BUS_LOST, "sightline_collector_lost_sightings_total",                                    \
		"sightings that could not be delivered")                                           \
	X(PUBLISHED, "sightline_published_sightings_total", "sightings put on the stream")         \
	X(RELOADS, "sightline_intel_reloads_total{result=\"ok\"}",                                 \
		"intel reloads that took effect")                                                  \
	X(RELOADS_REFUSED, "sightline_intel_reloads_total{result=\"refused\"}", "reloads refused") \
	X(BUILD_KILLED, "sightline_intel_builders_lost_total{how=\"killed\"}",                     \
		"processes that read and compile indicators that a signal ended")                  \
	X(BUILD_LATE, "sightline_intel_builders_lost_total{how=\"late\"}",                         \
		"such processes that were ended at intel_timeout")                                 \
	X(BUILD_FAILED, "sightline_intel_builders_lost_total{how=\"failed\"}",                     \
		"such processes that failed, or could not be started")                             \
	X(CHANGES, "sightline_intel_changes_total{result=\"ok\"}",                                 \
		"changes of single indicators that came into force")                               \
	X(CHANGES_REFUSED, "sightline_intel_changes_total{result=\"refused\"}",                    \
		"changes that could not be read or made")                                          \
	X(CHANGE_ADDED, "sightline_intel_changed_indicators_total{how=\"added\"}",                 \
		"indicators that a change added")                                                  \
	X(CHANGE_REMOVED, "sightline_intel_changed_indicators_total{how=\"removed\"}",             \
		"indicators that a change took out")                                               \
	X(TAKEN_WHOLE, "sightline_intel_taken_total{how=\"whole\"}",                               \
		"sets of the collector that were read as a whole and armed")                       \
	X(TAKEN_CHANGE, "sightline_intel_taken_total{how=\"change\"}",                             \
		"sets of the collector that were armed by what changed")                           \
	X(TAKE_UNARMED, "sightline_intel_taken_total{how=\"refused\"}",                            \
		"sets of the collector that were whole, and refused as a reload is")               \
	X(TAKE_FORM, "sightline_intel_transfers_refused_total{why=\"form\"}",                      \
		"transfers from the collector refused: not what was asked for, or no set")         \
	X(TAKE_HASH, "sightline_intel_transfers_refused_total{why=\"hash\"}",                      \
		"transfers from the collector refused: their hash is another")                     \
	X(TAKE_SKIPPED, "sightline_intel_transfers_refused_total{why=\"generation\"}",             \
		"transfers from the collector refused: a change of another set")                   \
	X(TAKE_DISK, "sightline_intel_transfers_refused_total{why=\"disk\"}",                      \
		"transfers from the collector that could not be kept")                             \
	X(TAKE_GONE, "sightline_intel_transfers_refused_total{why=\"gone\"}",                      \
		"transfers from the collector begun anew: it keeps no more what a change names")   \
	X(TAKE_UNREAD, "sightline_intel_taken_total{how=\"unread\"}",                              \
		"sets of the collector that were whole, and could not be read back from the disk") \
	X(TAKE_TORN, "sightline_intel_torn_records_total",                                         \
		"changes of the collector whose record the start found torn, and cut off")         \
	X(TAKE_UNREADABLE, "sightline_intel_unreadable_answers_total",                             \
		"messages of the collector that are none")                                         \
	X(TAKE_SILENT, "sightline_intel_unanswered_questions_total",                               \
		"questions that the collector left without an answer")                             \
	X(CACHE_USED, "sightline_intel_cache_total{result=\"used\"}",                              \
		"loads of indicators from the cache")                                              \
	X(CACHE_UNFIT, "sightline_intel_cache_total{result=\"unfit\"}",                            \
		"loads for which what the cache held was refused or out of date")                  \
	X(CACHE_WRITTEN, "sightline_intel_cache_total{result=\"written\"}",                        \
		"images of indicators put into the cache")                                         \
	X(CACHE_UNWRITTEN, "sightline_intel_cache_total{result=\"unwritten\"}",                    \
		"loads whose image could not be put into the cache")                               \
	X(FEED_BAD, "sightline_intel_unusable_lines_total", "feed entries that could not be used") \
	X(INTEL_IMPACT, "sightline_intel_high_impact_total",                                       \
		"indicators made quiet when they were read, by what they would have done")         \
	X(RETRO, "sightline_retro_sightings_total",                                                \
		"sightings of the past, of indicators that are new")                               \
	X(RETRO_UNTOLD, "sightline_retro_untold_indicators_total",                                 \
		"new indicators that were seen in the past, beyond what a change tells of")        \
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
	X(EXPECTED, "sightline_expected_flows_total", "flows that another flow announced")         \
	X(EXPECTED_MET, "sightline_expected_flow_ends_total{end=\"met\"}",                         \
		"announced flows that came")                                                       \
	X(EXPECTED_EXPIRED, "sightline_expected_flow_ends_total{end=\"expired\"}",                 \
		"announced flows that did not come")                                               \
	X(EXPECTED_EVICTED, "sightline_expected_flow_ends_total{end=\"evicted\"}",                 \
		"announcements that gave way to newer ones")                                       \
	X(EXPECTED_ELSEWHERE, "sightline_expected_flows_elsewhere_total",                          \
		"announcements that name a third address, whose flow may be another worker's")     \
	X(HTTP2_TABLE_GAP, "sightline_http2_header_tables_lost_total{why=\"gap\"}",                \
		"header tables begun anew as bytes were missing")                                  \
	X(HTTP2_TABLE_UNKNOWN, "sightline_http2_header_tables_lost_total{why=\"unknown\"}",        \
		"header tables begun anew at a reference to what was not seen, or nonsense")       \
	X(HTTP2_TABLE_MEMORY, "sightline_http2_header_tables_lost_total{why=\"memory\"}",          \
		"header tables begun anew as they wanted more memory than they may have")          \
	X(HTTP2_HEADERS_OVER, "sightline_http2_header_blocks_cut_total",                           \
		"header blocks with more in them than is kept")                                    \
	X(HTTP2_CONTINUATIONS, "sightline_http2_continuation_floods_total",                        \
		"header blocks in very many frames")                                               \
	X(HTTP2_STREAMS, "sightline_http2_streams_evicted_total", "streams put out for room")      \
	X(HTTP2_LOST, "sightline_http2_places_lost_total",                                         \
		"times that nobody could tell where the next frame begins")                        \
	X(WEBSOCKET_COMPRESSED, "sightline_websocket_compressed_messages_total",                   \
		"WebSocket messages that are compressed (permessage-deflate)")                     \
	X(WEBSOCKET_CLOSE_NORMAL, "sightline_websocket_closes_total{code=\"normal\"}",             \
		"WebSocket directions closed as they were done, or without a code")                \
	X(WEBSOCKET_CLOSE_ERROR, "sightline_websocket_closes_total{code=\"error\"}",               \
		"WebSocket directions closed with an error of the protocol")                       \
	X(WEBSOCKET_CLOSE_OTHER, "sightline_websocket_closes_total{code=\"application\"}",         \
		"WebSocket directions closed with a code of an application")                       \
	X(MAIL_RAW_WORDS, "sightline_mail_raw_words_total",                                        \
		"header texts with an encoded word in a character set that is not read")           \
	X(QUIC_SEALED, "sightline_quic_unopened_packets_total",                                    \
		"Initial packets of QUIC that no key on the wire opened")                          \
	X(SMB_ENCRYPTED, "sightline_smb_unread_messages_total{why=\"encrypted\"}",                 \
		"SMB 3 messages passed over because they are encrypted")                           \
	X(SMB_COMPRESSED, "sightline_smb_unread_messages_total{why=\"compressed\"}",               \
		"SMB 3 messages passed over because they are compressed")                          \
	X(SMB_OPENS_LOST, "sightline_smb_opens_lost_total",                                        \
		"files open over SMB given up for room")                                           \
	X(SMB_ASKED_LOST, "sightline_smb_requests_lost_total",                                     \
		"SMB requests forgotten before they were answered")                                \
	X(SMB_HELD_LOST, "sightline_smb_files_out_of_order_total",                                 \
		"files over SMB made partial because too much came before its turn")               \
	X(PROBE_JOINED, "sightline_probe_joined_streams_total",                                    \
		"stream directions whose first bytes came in pieces too small to tell")            \
	X(PROBE_DENIED, "sightline_probe_denied_total",                                            \
		"stream directions whose first bytes found no room to be put together")            \
	X(EVICTED_UNANSWERED, "sightline_flows_evicted_total{rank=\"unanswered\"}",                \
		"flows put out for room that nothing answered")                                    \
	X(EVICTED_CLOSED, "sightline_flows_evicted_total{rank=\"closed\"}",                        \
		"flows put out for room that were closed")                                         \
	X(EVICTED_ORDINARY, "sightline_flows_evicted_total{rank=\"ordinary\"}",                    \
		"flows put out for room that no parser read")                                      \
	X(EVICTED_VALUED, "sightline_flows_evicted_total{rank=\"valued\"}",                        \
		"flows put out for room that a parser read or an indicator was found in")          \
	X(FLOW_SEQUENCE, "sightline_flow_out_of_sequence_packets_total",                           \
		"FINs and RSTs that no receiver would take")                                       \
	X(FLOW_UNREACHABLE, "sightline_flow_unreachable_packets_total",                            \
		"ICMP errors that say of an open flow that its packets don't arrive")              \
	X(STREAM_URGENT, "sightline_stream_urgent_bytes_total",                                    \
		"TCP bytes sent out of band, which no application reads in the stream")            \
	X(STREAM_DEEP, "sightline_stream_deep_directions_total",                                   \
		"TCP directions longer than stream.depth")                                         \
	X(STREAM_BEYOND, "sightline_stream_unread_bytes_total", "TCP payload beyond stream.depth") \
	X(DEFRAG_WHOLE, "sightline_defrag_datagrams_total{end=\"whole\"}",                         \
		"datagrams put together of their fragments")                                       \
	X(DEFRAG_TIMEOUT, "sightline_defrag_datagrams_total{end=\"timeout\"}",                     \
		"datagrams that were not whole in time")                                           \
	X(DEFRAG_EVICTED, "sightline_defrag_datagrams_total{end=\"evicted\"}",                     \
		"datagrams not whole that were put out for room")                                  \
	X(DEFRAG_FLUSHED, "sightline_defrag_datagrams_total{end=\"flush\"}",                       \
		"datagrams that were not whole at the end of a capture")                           \
	X(DEFRAG_UNTOLD, "sightline_defrag_untold_datagrams_total",                                \
		"datagrams that were not put together and had no room among the flows either")     \
	X(DEFRAG_AGAIN, "sightline_defrag_datagrams_total{end=\"copy\"}",                          \
		"datagrams not whole, of fragments that came again after theirs was")              \
	X(DEFRAG_OVERLAPPED, "sightline_defrag_datagrams_total{end=\"overlap\"}",                  \
		"IPv6 datagrams given up as fragments overlapped (RFC 5722)")                      \
	X(DEFRAG_CONTRADICTED, "sightline_defrag_datagrams_total{end=\"contradiction\"}",          \
		"datagrams given up as fragments disagreed about their end")                       \
	X(DEFRAG_MANY, "sightline_defrag_datagrams_total{end=\"too_many\"}",                       \
		"datagrams given up for more fragments than are kept of one")                      \
	X(FRAGMENT_OVERLAP, "sightline_defrag_fragments_total{kind=\"overlap\"}",                  \
		"fragments that overlap others of their datagram")                                 \
	X(FRAGMENT_CONFLICT, "sightline_defrag_fragments_total{kind=\"conflict\"}",                \
		"fragments that overlap others, with different bytes")                             \
	X(FRAGMENT_COPY, "sightline_defrag_fragments_total{kind=\"copy\"}",                        \
		"fragments that came again as they were")                                          \
	X(FRAGMENT_TINY, "sightline_defrag_fragments_total{kind=\"tiny\"}",                        \
		"first fragments too short for their transport header, and what completes one")    \
	X(FRAGMENT_TEARDROP, "sightline_defrag_fragments_total{kind=\"teardrop\"}",                \
		"last fragments that end before bytes seen")                                       \
	X(FRAGMENT_BIG, "sightline_defrag_fragments_total{kind=\"ping_of_death\"}",                \
		"fragments that end beyond the longest datagram, left out")                        \
	X(FRAGMENT_EMPTY, "sightline_defrag_fragments_total{kind=\"empty\"}",                      \
		"fragments without a byte, left out")                                              \
	X(FRAGMENT_UNEVEN, "sightline_defrag_fragments_total{kind=\"uneven\"}",                    \
		"fragments before the last with a length that is no multiple of 8")                \
	X(FRAGMENT_BEHIND, "sightline_defrag_fragments_total{kind=\"behind_last\"}",               \
		"fragments that reach behind the last one")                                        \
	X(FRAGMENT_LAST, "sightline_defrag_fragments_total{kind=\"second_last\"}",                 \
		"last fragments that disagree with another about the end")                         \
	X(FRAGMENT_CUT, "sightline_defrag_fragments_total{kind=\"cut\"}",                          \
		"fragments captured shorter than on the wire, left out")                           \
	X(FRAGMENT_LATE, "sightline_defrag_fragments_total{kind=\"given_up\"}",                    \
		"fragments of datagrams that were given up, left out")                             \
	X(FRAGMENT_ATOMIC, "sightline_defrag_fragments_total{kind=\"atomic\"}",                    \
		"IPv6 fragment headers of packets that are whole (RFC 6946)")                      \
	X(FILES, "sightline_files_total", "files that messages carried, whole")                    \
	X(FILES_GAP, "sightline_partial_files_total{why=\"missing\"}",                             \
		"files of which bytes were missed")                                                \
	X(FILES_UNENDED, "sightline_partial_files_total{why=\"unended\"}",                         \
		"files whose end was never seen")                                                  \
	X(FILES_BROKEN, "sightline_partial_files_total{why=\"coding\"}",                           \
		"files whose content coding was malformed, cut or of no known kind")               \
	X(FILES_BOMB, "sightline_partial_files_total{why=\"bomb\"}",                               \
		"files that grew beyond the bounds when their content coding was undone")          \
	X(FILES_NO_DECODER, "sightline_partial_files_total{why=\"memory\"}",                       \
		"files that no memory was left for to undo their content coding")                  \
	X(FILES_STORED, "sightline_stored_files_total", "files put into the store")                \
	X(FILES_KNOWN, "sightline_store_known_files_total", "files that were in the store")        \
	X(FILES_UNSTORED_QUOTA, "sightline_unstored_files_total{why=\"quota\"}",                   \
		"files left out of the store because it is full")                                  \
	X(FILES_UNSTORED_SIZE, "sightline_unstored_files_total{why=\"size\"}",                     \
		"files larger than the store takes")                                               \
	X(FILES_UNSTORED_PART, "sightline_unstored_files_total{why=\"partial\"}",                  \
		"files left out of the store because they, or their bytes, are not whole")         \
	X(FILES_UNSTORED_OPEN, "sightline_unstored_files_total{why=\"open\"}",                     \
		"files left out of the store because too many came at once")                       \
	X(FILES_UNSTORED_ERROR, "sightline_unstored_files_total{why=\"error\"}",                   \
		"files that could not be written to the store")                                    \
	X(FILES_UNSTORED_RING, "sightline_unstored_bytes_total",                                   \
		"bytes of files for the store that a full ring lost (port)")                       \
	X(TREES_TRUE, "sightline_tree_expressions_total",                                          \
		"expressions of detections that became true")                                      \
	X(TREE_STATES_EVICTED, "sightline_tree_states_evicted_total",                              \
		"states of a flow's detections that made room for newer ones")                     \
	X(TREE_STATES_DENIED, "sightline_tree_states_denied_total",                                \
		"states of detections that there was no room for")                                 \
	X(TREE_STATES_FORGOTTEN, "sightline_tree_states_forgotten_total",                          \
		"states of a flow's detections that a change of intel ended")                      \
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
	X(CORRELATOR_FORGOTTEN, "sightline_correlator_observations_forgotten_total",               \
		"observations of a host whose detection a change of intel ended")                  \
	X(CORRELATOR_EARLY, "sightline_correlator_observations_early_total",                       \
		"observations that were joined before their time for room")                        \
	X(CORRELATOR_GAVE_UP, "sightline_correlator_searches_given_up_total",                      \
		"joins that needed more work than a search is given")                              \
	X(CORRELATOR_TRUE, "sightline_correlator_matches_total",                                   \
		"times that observations joined made a detection true")                            \
	X(FACTS, "sightline_host_facts_total",                                                     \
		"facts of roles, names and look-ups that workers told")                            \
	X(FACTS_DROPPED, "sightline_host_facts_dropped_total",                                     \
		"facts left out as the ring had no room to spare (port)")                          \
	X(FACTS_CUT, "sightline_host_facts_truncated_total",                                       \
		"facts with a name or more addresses than are kept")                               \
	X(HOSTS_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"host\"}",                       \
		"own hosts forgotten for room within a day")                                       \
	X(NAMES_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"name\"}",                       \
		"names forgotten for room while who asked for them is of interest")                \
	X(LEADS_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"address\"}",                    \
		"addresses forgotten for room while the names that led to them are of interest")   \
	X(ASKERS_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"asker\"}",                     \
		"hosts that asked for a name and made room for later ones")                        \
	X(ANSWERS_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"answer\"}",                   \
		"names that led to an address and made room for later ones")                       \
	X(SAID_FORGOTTEN, "sightline_hosts_forgotten_total{what=\"host_name\"}",                   \
		"names and leases of hosts that made room for later ones within a day")            \
	X(BREAKER_QUIET, "sightline_breaker_events_total{event=\"quiet\"}",                        \
		"indicators that fired on too many own hosts and were made quiet")                 \
	X(BREAKER_TRIED, "sightline_breaker_events_total{event=\"tried\"}",                        \
		"indicators made quiet so that are loud again")                                    \
	X(BREAKER_OUTBREAK, "sightline_breaker_events_total{event=\"outbreak\"}",                  \
		"indicators of what is new to this network and spreads")                           \
	X(BREAKER_EARLY, "sightline_breaker_firings_early_total",                                  \
		"firings that were counted before their time for room")                            \
	X(BREAKER_FORGOTTEN, "sightline_breaker_forgotten_total",                                  \
		"indicators that fired and were forgotten for room")                               \
	X(MEMORY_VALUES, "sightline_memory_values_total",                                          \
		"values that the memory of the past took in")                                      \
	X(MEMORY_GONE, "sightline_memory_forgotten_values_total",                                  \
		"values of its oldest hours that made room in it before their time")               \
	X(MEMORY_LEFT_OUT, "sightline_memory_left_out_total",                                      \
		"times that a value found no room in it, as all around was of this hour")

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

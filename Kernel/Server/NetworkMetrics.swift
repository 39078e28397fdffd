// The network stack's counters as metrics.

import Net
import Records

enum NetworkMetrics {
  @_optimize(size) @inline(never)
  static func write(_ counters: NetworkCounters, into metrics: inout MetricsWriter) {
    metrics.single("swiftlet_network_received_frames_total", .counter, "Frames that arrived.", counters.framesReceived)
    metrics.single("swiftlet_network_received_bytes_total", .counter, "Bytes of frames that arrived.", counters.bytesReceived)
    metrics.single("swiftlet_network_sent_frames_total", .counter, "Frames that the card took.", counters.framesSent)
    metrics.single("swiftlet_network_sent_bytes_total", .counter, "Bytes of frames that the card took.", counters.bytesSent)
    metrics.single("swiftlet_network_full_rings_total", .counter, "Frames that the card had no room for.", counters.linkFull)
    metrics.begin("swiftlet_network_dropped_total", .counter, "Packets and data that were dropped, by the reason.")
    writeDroppedPackets(counters, into: &metrics)
    writeDroppedSegments(counters, into: &metrics)
    writeTCP(counters, into: &metrics)
  }

  @_optimize(size)
  private static func writeDroppedPackets(_ counters: NetworkCounters, into metrics: inout MetricsWriter) {
    metrics.sample("reason", "malformed_frame", counters.droppedMalformedFrame)
    metrics.sample("reason", "other_station", counters.droppedOtherStation)
    metrics.sample("reason", "unknown_ether_type", counters.droppedUnknownEtherType)
    metrics.sample("reason", "malformed_arp", counters.droppedMalformedARP)
    metrics.sample("reason", "malformed_ipv4", counters.droppedMalformedIPv4)
    metrics.sample("reason", "ipv4_checksum", counters.droppedIPv4Checksum)
    metrics.sample("reason", "fragment", counters.droppedFragment)
    metrics.sample("reason", "other_address", counters.droppedOtherAddress)
    metrics.sample("reason", "bad_source", counters.droppedBadSource)
    metrics.sample("reason", "unknown_protocol", counters.droppedUnknownProtocol)
    metrics.sample("reason", "malformed_icmp", counters.droppedMalformedICMP)
    metrics.sample("reason", "ignored_icmp", counters.droppedIgnoredICMP)
    metrics.sample("reason", "icmp_rate", counters.droppedICMPRate)
    metrics.sample("reason", "malformed_udp", counters.droppedMalformedUDP)
    metrics.sample("reason", "udp_checksum", counters.droppedUDPChecksum)
    metrics.sample("reason", "udp_port", counters.droppedUDPPort)
    metrics.sample("reason", "dhcp", counters.droppedDHCP)
    metrics.sample("reason", "no_route", counters.droppedNoRoute)
  }

  @_optimize(size)
  private static func writeDroppedSegments(_ counters: NetworkCounters, into metrics: inout MetricsWriter) {
    metrics.sample("reason", "malformed_tcp", counters.droppedMalformedTCP)
    metrics.sample("reason", "tcp_checksum", counters.droppedTCPChecksum)
    metrics.sample("reason", "no_connection", counters.droppedNoConnection)
    metrics.sample("reason", "out_of_window", counters.droppedOutOfWindow)
    metrics.sample("reason", "bad_acknowledgement", counters.droppedBadAcknowledgement)
    metrics.sample("reason", "receive_memory", counters.droppedReceiveMemory)
    metrics.sample("reason", "out_of_order", counters.droppedOutOfOrder)
  }

  @_optimize(size)
  private static func writeTCP(_ counters: NetworkCounters, into metrics: inout MetricsWriter) {
    metrics.single("swiftlet_tcp_received_segments_total", .counter, "Segments that arrived intact.", counters.segmentsReceived)
    metrics.single("swiftlet_tcp_sent_segments_total", .counter, "Segments that were sent.", counters.segmentsSent)
    metrics.single("swiftlet_tcp_retransmitted_segments_total", .counter, "Segments that were sent again.", counters.segmentsRetransmitted)
    metrics.single("swiftlet_tcp_out_of_order_segments_total", .counter, "Segments that came early and were kept.", counters.outOfOrderSegments)
    metrics.begin("swiftlet_tcp_resets_total", .counter, "RST segments.")
    metrics.sample("direction", "sent", counters.resetsSent)
    metrics.sample("direction", "received", counters.resetsReceived)
    metrics.single("swiftlet_tcp_opened_connections_total", .counter, "Connections that were opened.", counters.connectionsOpened)
    metrics.single("swiftlet_tcp_refused_connections_total", .counter, "Connections refused because the table was full.", counters.connectionsRefused)
    metrics.single("swiftlet_tcp_timed_out_connections_total", .counter, "Connections that a time limit of TCP ended.", counters.connectionsTimedOut)
    metrics.single("swiftlet_tcp_begun_handshakes_total", .counter, "Handshakes that were begun.", counters.handshakesBegun)
    metrics.single("swiftlet_tcp_abandoned_handshakes_total", .counter, "Handshakes that were given up.", counters.handshakesAbandoned)
    metrics.begin("swiftlet_tcp_syn_cookies_total", .counter, "SYN cookies.")
    metrics.sample("direction", "sent", counters.synCookiesSent)
    metrics.sample("direction", "accepted", counters.synCookiesAccepted)
  }
}

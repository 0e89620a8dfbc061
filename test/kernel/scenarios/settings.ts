/** Sysctls of labs. */

export const NO_TIMESTAMPS = { client: { 'ipv4/tcp_timestamps': 0 }, server: { 'ipv4/tcp_timestamps': 0 } };
export const NO_SACK = {
  client: { 'ipv4/tcp_timestamps': 0, 'ipv4/tcp_sack': 0 },
  server: { 'ipv4/tcp_timestamps': 0, 'ipv4/tcp_sack': 0 },
};

export const FIN_TIMEOUT = { client: { 'ipv4/tcp_fin_timeout': 3 }, server: { 'ipv4/tcp_fin_timeout': 3 } };

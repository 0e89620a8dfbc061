/** Sockets in TIME_WAIT over time, by the port that they are on: the numbers behind a chart. */

/** Sockets of one local port, or of one client's ports. */
export interface StaySeries {
  address: string;
  /** null: a client's ephemeral ports */
  port: number | null;
  /** most sockets at once in each bucket */
  counts: readonly number[];
}

export interface Stays {
  /** RFC 3339: the beginning of the first bucket */
  from: string;
  /** length of a bucket */
  bucketSeconds: number;
  /** the busiest first; what is left of the others is one series with address '' */
  series: readonly StaySeries[];
  /** the most at once over all ports, in each bucket */
  total: readonly number[];
  /** stays that were not counted, as too many flows were seen */
  left: number;
}

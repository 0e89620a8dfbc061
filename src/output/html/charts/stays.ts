/** Sockets in TIME_WAIT over time, by the port that they are on: the numbers behind a chart. */

/** Sockets of one local port, or of one client's ports. */
export interface StaySeries {
  /** '': what is left of the others */
  address: string;
  /** null: a client's ephemeral ports */
  port: number | null;
  /** most at once; of what is left, most when all together were most */
  peak: number;
  /** in each bucket how many of `total` are its */
  counts: readonly number[];
}

export interface Stays {
  /** RFC 3339: the beginning of the first bucket */
  from: string;
  /** length of a bucket */
  bucketSeconds: number;
  /** the highest peak first, then what is left of the others: together they are `total` */
  series: readonly StaySeries[];
  /** the most at once over all ports, in each bucket */
  total: readonly number[];
  /** stays that were not counted, as too many flows were seen, or not all are listed */
  left: number;
}

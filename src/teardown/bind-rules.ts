/** When bind() of a port fails, by system, and by what the old socket on that port is. */

/**
 * The old socket: it listens; it is bound and neither listens nor has a peer; it has or had a peer (SYN_SENT to LAST_ACK);
 * it is in TIME_WAIT.
 */
export const OLD_SOCKETS = ['listening', 'bound', 'connected', 'time-wait'] as const;
export type OldSocket = (typeof OLD_SOCKETS)[number];

/**
 * Whether bind() to the same address and port fails, by which of both sockets has SO_REUSEADDR, and where both have
 * SO_REUSEPORT and one owner. null: not known, or no such option. Linux: an accepted socket has what its listener had.
 */
export interface BindFails {
  neither: boolean | null;
  newOnly: boolean | null;
  oldOnly: boolean | null;
  both: boolean | null;
  bothReusePort: boolean | null;
}

export type BindRules = Readonly<Record<OldSocket, BindFails>>;

function fails(
  neither: boolean | null,
  newOnly: boolean | null,
  oldOnly: boolean | null,
  both: boolean | null,
  bothReusePort: boolean | null,
): BindFails {
  return { neither, newOnly, oldOnly, both, bothReusePort };
}

/** Both sockets count: SO_REUSEADDR helps if both have it, and the old one doesn't listen. */
const UNLESS_BOTH = fails(true, true, true, false, false);
export const LINUX_BIND: BindRules = {
  listening: fails(true, true, true, true, false),
  bound: UNLESS_BOTH,
  connected: UNLESS_BOTH,
  'time-wait': UNLESS_BOTH,
};

/** The new socket alone counts: with SO_REUSEADDR only one without a peer is in its way. */
const UNLESS_NEW = fails(true, false, true, false, false);
const ALWAYS = fails(true, true, true, true, false);
export const BSD_BIND: BindRules = {
  listening: ALWAYS,
  bound: ALWAYS,
  connected: UNLESS_NEW,
  'time-wait': UNLESS_NEW,
};

/** As BSD's. That SO_REUSEPORT helps is not known: it came late (illumos 2018, Solaris 11.2), and is looked at elsewhere. */
const withoutReusePort = (rule: BindFails): BindFails => ({ ...rule, bothReusePort: null });
export const SOLARIS_BIND: BindRules = {
  listening: withoutReusePort(ALWAYS),
  bound: withoutReusePort(ALWAYS),
  connected: withoutReusePort(UNLESS_NEW),
  'time-wait': withoutReusePort(UNLESS_NEW),
};

/** There is no SO_REUSEPORT, and SO_REUSEADDR takes a port from its owner. (Nothing has SO_EXCLUSIVEADDRUSE here.) */
const TAKEN_OVER = fails(true, true, true, false, null);
const FREE = fails(false, false, false, false, null);
export const WINDOWS_BIND: BindRules = { listening: TAKEN_OVER, bound: TAKEN_OVER, connected: FREE, 'time-wait': FREE };

/** No RFC says anything of bind(). */
const UNSAID = fails(null, null, null, null, null);
export const UNSAID_BIND: BindRules = { listening: UNSAID, bound: UNSAID, connected: UNSAID, 'time-wait': UNSAID };

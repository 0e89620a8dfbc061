/** How long an operating system's endpoint stays in the states that a timer ends. Sources: each row. */
export interface OsProfile {
  name: string;
  /** 2MSL, ns */
  timeWaitNs: number;
  /** the longest that TIME_WAIT lasts by the granularity of the system's timers, ns */
  timeWaitLatestNs: number;
  /** timer of a FIN_WAIT_2 whose socket the application has closed, ns; null: none */
  finWait2Ns: number | null;
}

const SECOND = 1_000_000_000;

/**
 * Linux: TCP_TIMEWAIT_LEN = 60 * HZ (include/net/tcp.h), a constant; measured 60.000 to 62.049 s, the spread being
 * the granularity of the timer wheel. tcp_fin_timeout = 60 concerns an orphaned FIN_WAIT_2 alone.
 */
export const LINUX: OsProfile = {
  name: 'linux',
  timeWaitNs: 60 * SECOND,
  timeWaitLatestNs: 62.1 * SECOND,
  finWait2Ns: 60 * SECOND,
};

export interface TimerOverrides {
  /** TIME_WAIT in seconds, exact: its earliest and latest end are then one */
  timeWaitSeconds?: number | undefined;
  /** FIN_WAIT_2 timer of an orphan, seconds */
  finTimeoutSeconds?: number | undefined;
}

/** The profile with a user's own timers. */
export function withOverrides(profile: OsProfile, overrides: TimerOverrides): OsProfile {
  const { timeWaitSeconds, finTimeoutSeconds } = overrides;
  return {
    ...profile,
    ...(timeWaitSeconds === undefined
      ? {}
      : { timeWaitNs: timeWaitSeconds * SECOND, timeWaitLatestNs: timeWaitSeconds * SECOND }),
    ...(finTimeoutSeconds === undefined ? {} : { finWait2Ns: finTimeoutSeconds * SECOND }),
  };
}

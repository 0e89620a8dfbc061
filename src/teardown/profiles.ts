/** What is known of operating systems: their timers, what ends or prolongs TIME_WAIT, when bind() fails. docs/profiles.md is printed from it. */

import { type BindRules, BSD_BIND, LINUX_BIND, SOLARIS_BIND, UNSAID_BIND, WINDOWS_BIND } from './bind-rules.ts';

export const OS_NAMES = ['linux', 'windows', 'macos', 'freebsd', 'solaris', 'rfc9293'] as const;
export type OsName = (typeof OS_NAMES)[number];

/** How long an operating system's endpoint stays in the states that a timer ends, and what else ends them. */
export interface OsProfile {
  name: OsName;
  /** 2MSL, ns */
  timeWaitNs: number;
  /** the longest that TIME_WAIT lasts, by the granularity of the system's timers or where sources disagree, ns */
  timeWaitLatestNs: number;
  /** timer of a FIN_WAIT_2 whose socket the application has closed, ns; null: none */
  finWait2Ns: number | null;
  /** whether an RST with exactly the next sequence number ends TIME_WAIT (RFC 1337) */
  resetEndsTimeWait: boolean;
  /** what restarts 2MSL: any segment with an ACK, or a repeated FIN alone */
  timeWaitRestartedBy: 'ack' | 'fin';
  bind: BindRules;
  /** where each of these comes from */
  sources: { timeWait: string; finWait2: string; reset: string; restart: string; bind: string };
}

const SECOND = 1_000_000_000;

export const LINUX: OsProfile = {
  name: 'linux',
  timeWaitNs: 60 * SECOND,
  // Measured 60.000 to 62.049 s: the granularity of the timer wheel.
  timeWaitLatestNs: 62.1 * SECOND,
  finWait2Ns: 60 * SECOND,
  resetEndsTimeWait: true,
  timeWaitRestartedBy: 'ack',
  bind: LINUX_BIND,
  sources: {
    timeWait: 'TCP_TIMEWAIT_LEN, a constant (include/net/tcp.h); measured 60.0 to 62.05 s',
    finWait2: 'tcp_fin_timeout (tcp_time_wait() in tcp_minisocks.c); it does not concern TIME_WAIT',
    reset: 'tcp_timewait_state_process(), unless tcp_rfc1337 = 1; measured',
    restart: 'tcp_timewait_state_process(); measured',
    bind: 'inet_csk_bind_conflict(); measured on 6.18',
  },
};

export const WINDOWS: OsProfile = {
  name: 'windows',
  timeWaitNs: 120 * SECOND,
  timeWaitLatestNs: 240 * SECOND,
  finWait2Ns: 120 * SECOND,
  resetEndsTimeWait: true,
  timeWaitRestartedBy: 'fin',
  bind: WINDOWS_BIND,
  sources: {
    timeWait: "TcpTimedWaitDelay: 120 s by most reports, 240 s in Microsoft's pages on port exhaustion",
    finWait2: "FIN_WAIT_2 timer (Microsoft's driver kit); every segment restarts it, which is not allowed for here",
    reset: 'not documented: as in RFC 9293',
    restart: 'not documented: as in RFC 9293',
    bind: 'Microsoft, "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE"',
  },
};

export const MACOS: OsProfile = {
  name: 'macos',
  timeWaitNs: 30 * SECOND,
  timeWaitLatestNs: 30 * SECOND,
  finWait2Ns: 60 * SECOND,
  resetEndsTimeWait: false,
  timeWaitRestartedBy: 'ack',
  bind: BSD_BIND,
  sources: {
    timeWait: '2 x TCPTV_MSL of 15 s (xnu bsd/netinet/tcp_timer.h)',
    finWait2: 'TCPTV_FINWAIT2 (xnu tcp_set_finwait_timeout())',
    reset: 'dropped in TIME_WAIT (xnu bsd/netinet/tcp_input.c, before "if (thflags & TH_RST)")',
    restart: 'case TCPS_TIME_WAIT of the ACK processing (xnu tcp_input.c)',
    bind: 'in_pcbbind(), in_pcblookup_local() (xnu)',
  },
};

export const FREEBSD: OsProfile = {
  name: 'freebsd',
  timeWaitNs: 60 * SECOND,
  timeWaitLatestNs: 60 * SECOND,
  finWait2Ns: 600 * SECOND,
  resetEndsTimeWait: false,
  timeWaitRestartedBy: 'fin',
  bind: BSD_BIND,
  sources: {
    timeWait: '2 x net.inet.tcp.msl of 30 s (tcp(4)); within one host 2 x msl_local of 10 ms',
    finWait2: 'TP_MAXIDLE, 8 x 75 s (tcp_usrclosed()); 60 s with net.inet.tcp.fast_finwait2_recycle = 1',
    reset: 'dropped in TIME_WAIT (tcp_twcheck()); its test suite says the same',
    restart: 'tcp_twcheck()',
    bind: 'in_pcbbind()',
  },
};

export const SOLARIS: OsProfile = {
  name: 'solaris',
  timeWaitNs: 60 * SECOND,
  // The collector of expired ones sleeps for 5 s (TCP_TIME_WAIT_DELAY).
  timeWaitLatestNs: 65 * SECOND,
  finWait2Ns: 60 * SECOND,
  resetEndsTimeWait: true,
  timeWaitRestartedBy: 'fin',
  bind: SOLARIS_BIND,
  sources: {
    timeWait:
      '_time_wait_interval (illumos tcp_tunables.c), looked at every 5 s (tcp_time_wait.c); 240 s before Solaris 9',
    finWait2: '_fin_wait_2_flush_interval (illumos tcp_tunables.c); 675 s in old releases',
    reset: 'tcp_time_wait_processing() (illumos)',
    restart: 'tcp_time_wait_processing() (illumos)',
    bind: 'tcp_bindi() (illumos)',
  },
};

export const RFC9293: OsProfile = {
  name: 'rfc9293',
  timeWaitNs: 240 * SECOND,
  timeWaitLatestNs: 240 * SECOND,
  finWait2Ns: null,
  resetEndsTimeWait: true,
  timeWaitRestartedBy: 'fin',
  bind: UNSAID_BIND,
  sources: {
    timeWait: 'section 3.6.1, MUST-13: 2 x MSL, and MSL is 2 minutes (section 3.4.2)',
    finWait2: 'there is none',
    reset: 'section 3.10.7.4, first and second check',
    restart: 'section 3.10.7.4, eighth check',
    bind: 'not its subject',
  },
};

export const PROFILES: readonly OsProfile[] = [LINUX, WINDOWS, MACOS, FREEBSD, SOLARIS, RFC9293];

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

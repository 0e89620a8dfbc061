/** Names of the rules, the order of which is that of the documentation: what stops a service first. */
export const RULE_NAMES = [
  'bind-blocked',
  'restart-outage',
  'owner-stopped',
  'close-wait-leak',
  'fin-wait-2-stuck',
  'fin-wait-2-expired',
  'server-closes-first',
  'time-wait-pileup',
  'ephemeral-exhaustion',
  'port-collision',
  'time-wait-reuse',
  'time-wait-killed',
  'lost-final-ack',
  'reset-data-loss',
  'reset-pattern',
  'unanswered-syn',
  'refused',
  'capture-limits',
] as const;
export type RuleName = (typeof RULE_NAMES)[number];

/** The states of RFC 9293 section 3.3.2 as small numbers; index = state. */
export const STATE_NAMES = [
  'CLOSED',
  'LISTEN',
  'SYN_SENT',
  'SYN_RECEIVED',
  'ESTABLISHED',
  'FIN_WAIT_1',
  'FIN_WAIT_2',
  'CLOSING',
  'TIME_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
] as const;
export type StateName = (typeof STATE_NAMES)[number];

export const CLOSED = 0;
export const LISTEN = 1;
export const SYN_SENT = 2;
export const SYN_RECEIVED = 3;
export const ESTABLISHED = 4;
export const FIN_WAIT_1 = 5;
export const FIN_WAIT_2 = 6;
export const CLOSING = 7;
export const TIME_WAIT = 8;
export const CLOSE_WAIT = 9;
export const LAST_ACK = 10;

/** What can happen to an endpoint, from its own point of view; index = event. */
export const EVENT_NAMES = [
  'SEND_SYN',
  'RECEIVE_SYN',
  'RECEIVE_SYN_ACK',
  'RECEIVE_ACK_OF_SYN',
  'SYNCHRONIZED',
  'SEND_FIN',
  'RECEIVE_ACK_OF_FIN',
  'RECEIVE_FIN',
  'SEND_RST',
  'RECEIVE_RST',
  'TIMEOUT',
  'REPLACED',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

export const SEND_SYN = 0;
export const RECEIVE_SYN = 1;
export const RECEIVE_SYN_ACK = 2;
export const RECEIVE_ACK_OF_SYN = 3;
/** a segment that only a synchronized connection sends, where the capture has no handshake */
export const SYNCHRONIZED = 4;
export const SEND_FIN = 5;
export const RECEIVE_ACK_OF_FIN = 6;
/** the peer's FIN, in order */
export const RECEIVE_FIN = 7;
export const SEND_RST = 8;
/** an RST that RFC 5961 section 3.2 accepts */
export const RECEIVE_RST = 9;
/** 2MSL, or the FIN_WAIT_2 timer of an orphan */
export const TIMEOUT = 10;
/** a SYN for a new connection was accepted in TIME_WAIT */
export const REPLACED = 11;

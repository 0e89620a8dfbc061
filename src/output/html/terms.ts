/** Every term and abbreviation of the page in a sentence: shown on hover and focus, and in the glossary. */

export const TERMS = {
  SYN: 'The segment that opens a connection; SYN-ACK answers it.',
  FIN: 'The segment by which a side says that it will send no more: its close().',
  RST: 'Reset: ends a connection at once, with no reply. After it nothing lingers.',
  ACK: 'Acknowledgement: says up to which byte everything has arrived.',
  'active closer': 'The end whose FIN begins the close. It gets TIME_WAIT, so its port stays busy.',
  'passive closer': 'The end that receives the first FIN: CLOSE_WAIT, then LAST_ACK.',
  SYN_SENT: 'The client has sent its SYN and waits for an answer.',
  SYN_RECEIVED: 'The server has answered a SYN and waits for the acknowledgement.',
  ESTABLISHED: 'The connection is open in both directions.',
  FIN_WAIT_1: 'The end that closed first has sent its FIN and waits until that is acknowledged.',
  FIN_WAIT_2: "Its FIN is acknowledged; it waits for the other side's FIN. Long: the other side has not closed.",
  CLOSING: 'Both sides closed at the same time, and the acknowledgement of its FIN is still missing.',
  TIME_WAIT: 'Both sides have closed; the end that closed first keeps the socket for 2MSL, and with it the port.',
  CLOSE_WAIT: 'The other side has closed; this application has not called close() yet. Long: it leaks the socket.',
  LAST_ACK: 'It closed second, has sent its FIN, and waits until that is acknowledged.',
  CLOSED: 'There is no socket any more.',
  LISTEN: 'Somebody listens on the port: new connections are accepted.',
  '2MSL': 'Twice the maximum segment lifetime: how long TIME_WAIT lasts. Linux: 60 s.',
  '4-tuple': 'Client address and port, server address and port: what makes a connection unique.',
  EADDRINUSE: 'The error of bind() that reads "Address already in use".',
  SO_REUSEADDR:
    'A socket option that lets bind() succeed although sockets in TIME_WAIT are on the port. Linux demands it of the old and the new socket.',
  'SO_LINGER 0': 'A socket option by which close() sends an RST in place of a FIN.',
  observed: 'Both edges are segments in the capture.',
  inferred: 'An edge follows from later segments.',
  assumed: "By the operating system's timer, which no packet shows.",
  kernel: "Read from this machine's kernel while capturing.",
  'relative sequence number': "Counted from the sender's first one, as Wireshark and tcpdump show it: the SYN is 0.",
} as const;

export type TermName = keyof typeof TERMS;

export function isTerm(word: string): word is TermName {
  return Object.hasOwn(TERMS, word);
}

/** The id of a term's entry in the glossary. */
export function termId(name: string): string {
  return `term-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}

/** A child process that is asked by a line of JSON and answers by one. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export type Reply = Record<string, unknown> & { t: number; error?: string };

/** Started children, so that none outlives the test: they also end by themselves when their standard input does. */
const children = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export class Remote {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  private readonly ended: Promise<unknown>;
  private asked = 0;
  private complaint = '';

  constructor(command: readonly string[]) {
    const [file = '', ...args] = command;
    this.child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    children.add(this.child);
    this.ended = once(this.child, 'close');
    this.child.stdin.on('error', () => {}); // it ended: the requests that wait are told so below
    this.child.stderr.on('data', (data) => {
      this.complaint += String(data);
    });
    createInterface(this.child.stdout).on('line', (line) => {
      const reply = JSON.parse(line) as Reply & { id: number };
      this.waiting.get(reply.id)?.resolve(reply);
      this.waiting.delete(reply.id);
    });
    this.child.once('close', (code, signal) => {
      children.delete(this.child);
      const error = new Error(`${command.join(' ')} ended (${code ?? signal}): ${this.complaint}`);
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.child.spawnfile} could not be started`);
    return this.child.pid;
  }

  /** The answer; one with `error` too. */
  ask(request: Record<string, unknown>): Promise<Reply> {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Sends a signal that ends it, and waits until it has ended. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  /** Waits until something that matches was written to standard error. */
  async says(text: string): Promise<void> {
    for (let i = 0; i < 500 && !this.complaint.includes(text); i++) {
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (!this.complaint.includes(text)) throw new Error(`${this.child.spawnargs.join(' ')}: ${this.complaint}`);
  }

  async end(signal?: NodeJS.Signals): Promise<void> {
    this.child.stdin.end();
    if (signal !== undefined) this.child.kill(signal);
    await this.ended;
  }
}

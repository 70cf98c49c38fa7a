import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { endAgents } from './agents';

const program = resolve(process.env.OUTDIAL ?? join(import.meta.dirname, '../../../bin/outdial'));

export interface Options {
  /** How much faster than real calls the simulated ones go. */
  speed?: number;
  limit?: number;
  /** Launches a second. */
  rate?: number;
  /** More flags of `outdial serve`. */
  flags?: string[];
  /** Run a copy of the program, which `setAgents` takes away. */
  ownProgram?: boolean;
}

/** A real `outdial serve` with a data folder of its own. */
export class Server {
  readonly data = mkdtempSync(join(tmpdir(), 'outdial-e2e-'));
  url = '';
  user = '';
  password = '';
  private process: ChildProcess | undefined;
  private said = '';
  private readonly options: Options;
  private readonly program: string;

  constructor(options: Options = {}) {
    this.options = options;
    this.program = options.ownProgram ? join(this.data, 'program') : program;
    if (options.ownProgram && existsSync(program)) copyFileSync(program, this.program);
  }

  /** Starts it, at a free port; again after stop, at the same one. */
  async start(): Promise<void> {
    if (!existsSync(program)) throw new Error(`${program} isn't there. Build it, with the console in it: make build`);
    const { speed = 20, limit = 10, rate = 20, flags = [] } = this.options;
    const listen = this.url ? new URL(this.url).host : '127.0.0.1:0';
    const args = ['serve', '--data', this.data, '--listen', listen, '--log-level', 'warn', '--log-format', 'text'];
    args.push('--sim-speed', `${speed}`, '--limit', `${limit}`, '--rate', `${rate}`, ...flags);
    this.said = '';
    this.process = spawn(this.program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const heard = (text: Buffer) => {
      this.said += text.toString();
    };
    this.process.stdout?.on('data', heard);
    this.process.stderr?.on('data', heard);
    const [, url] = await this.says(/serves on (http:\S+)/);
    this.url = url ?? '';
    if (!this.password) {
      const [, user, password] = await this.says(/user +(\S+)\n +password +(\S+)/);
      this.user = user ?? '';
      this.password = password ?? '';
    }
  }

  /** Waits until the server has said something. */
  private async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const found = pattern.exec(this.said);
      if (found) return found;
      if (this.process?.exitCode !== null || Date.now() > deadline) {
        throw new Error(`outdial serve did not say ${pattern}, but:\n${this.said}`);
      }
      await new Promise((later) => setTimeout(later, 20));
    }
  }

  /** Stops it as Ctrl-C does; calls under way go on in their own processes. */
  async stop(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    const harder = setTimeout(() => running.kill('SIGKILL'), 15_000);
    running.kill('SIGTERM');
    await ended;
    clearTimeout(harder);
  }

  /**
   * What becomes of launches from now on, with `ownProgram`: an agent that is missing is a
   * launch refused for good, and one that ends at once is tried some more times.
   */
  setAgents(state: 'work' | 'are missing' | 'end at once'): void {
    const away = `${this.program}-away`;
    if (!existsSync(away)) renameSync(this.program, away);
    rmSync(this.program, { force: true });
    if (state === 'work') renameSync(away, this.program);
    if (state === 'end at once') writeFileSync(this.program, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  }

  /** Adds a person to the development issuer, with the first user's password. */
  addUser(name: string, ...groups: string[]): void {
    const file = join(this.data, 'issuer', 'issuer.json');
    const identity = JSON.parse(readFileSync(file, 'utf8')) as { users: object[] };
    const email = `${name}@outdial.localhost`;
    identity.users.push({ ...identity.users[0], name, subject: randomUUID(), email, groups });
    writeFileSync(file, JSON.stringify(identity));
  }

  async remove(): Promise<void> {
    await this.stop();
    endAgents(this.data);
    rmSync(this.data, { recursive: true, force: true });
  }

  /** Runs the command line against this server's data folder, such as `token`. */
  run(...args: string[]): Promise<string> {
    const command = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    command.stdout.on('data', (text: Buffer) => (out += text.toString()));
    command.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    return new Promise((done, fail) => {
      command.once('error', fail);
      command.once('exit', (code) =>
        code === 0 ? done(out.trim()) : fail(new Error(`outdial ${args[0]}: ${errors}`)),
      );
    });
  }

  /** A request to the API as the first user, to make what a test looks at. */
  async api<T>(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<T> {
    const token = await this.run('token', '--data', this.data);
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }
}

import { createServer, type Server as HttpServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';

const dist = resolve(process.env.OUTDIAL_DIST ?? join(import.meta.dirname, '../dist'));

const types: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

interface Config {
  api: string;
  issuer: string;
  [name: string]: string;
}

/** The built pages as static files at an origin of their own, as a bucket behind a CDN serves them. */
export class Elsewhere {
  private readonly server: HttpServer = createServer();
  /** /config.json. */
  config: Config = { api: '', issuer: '' };
  origin = '';

  /** Listens first, because the API has to know the origin before it starts. */
  async start(): Promise<void> {
    if (!existsSync(join(dist, 'index.html'))) throw new Error(`${dist} has no pages. Build them: npm run build`);
    this.server.on('request', (request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://x');
      const file = join(dist, pathname);
      const found = file.startsWith(dist) && extname(file) !== '' && existsSync(file);
      response.setHeader('Content-Security-Policy', this.policy());
      if (pathname !== '/signed-in') response.setHeader('Cross-Origin-Opener-Policy', 'same-origin-allow-popups');
      if (pathname === '/config.json') {
        response.setHeader('Content-Type', 'application/json').end(JSON.stringify(this.config));
        return;
      }
      const served = found ? file : join(dist, 'index.html');
      response.setHeader('Content-Type', types[extname(served)] ?? 'application/octet-stream');
      response.end(readFileSync(served));
    });
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    const address = this.server.address();
    if (typeof address === 'object' && address) this.origin = `http://127.0.0.1:${address.port}`;
  }

  /** As web.go writes it. */
  private policy(): string {
    const origins = [this.config.api, this.config.issuer].filter(Boolean).map((address) => new URL(address).origin);
    const connect = ["'self'", ...new Set(origins)].join(' ');
    return (
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src ${connect}; ` +
      "worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

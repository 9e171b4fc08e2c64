/**
 * TLS of the page: one certificate, which may change while connections live, and the port that redirects HTTP visitors.
 */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Server as HttpServer, RequestListener } from 'node:http';
import type { Server as HttpsServer, ServerOptions } from 'node:https';
import { type AddressInfo, isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { type SecureContextOptions, TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { CertificateFigures } from '../../admin/metrics/metrics.ts';
import type { Config } from '../../config/config.ts';
import { isForwarded, tlsModeOf } from '../../config/tls.ts';
import type { HealthProblem } from '../../http/health.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AddressWatch } from '../../lib/net/address-watch.ts';
import type { TrustedProxies } from '../../lib/net/client-address.ts';
import { createBoundedHttpServer, type HttpLimits } from '../http-server.ts';
import { StartError, secondPortError, settingsError } from '../start-error.ts';
import { AcmeCertificate } from './acme-certificate.ts';
import type { ChallengeType } from './acme-error.ts';
import { contextOptions, coversName } from './certificate.ts';
import { ACME_ALPN, Challenges } from './challenges.ts';
import { LanCertificate } from './lan-certificate.ts';
import { OwnFiles } from './own-files.ts';
import { redirectListener } from './redirect.ts';
import { localNames } from './self-signed.ts';
import type { CertificateSource } from './source.ts';

/** Half a year (RFC 6797), without subdomains because they may be other servers. */
const HSTS = 'max-age=15552000';
const HTTP_ALPN = 'http/1.1';

/** The settings of these names from the configuration, and the limits of the redirect port. */
export interface PageTlsSettings
  extends Pick<Config, 'host' | 'port' | 'httpPort' | 'domain' | 'allowHosts' | 'dataDir'>,
    Pick<Config, 'tls' | 'tlsCert' | 'tlsKey' | 'acmeDirectory' | 'acmeEmail' | 'acmeCa'> {
  readonly http: HttpLimits;
}

export interface PageTlsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly proxies: TrustedProxies;
  /** Reports changes of this machine's addresses, which a self-signed certificate must cover. */
  readonly watch: AddressWatch;
}

export class PageTls {
  /**
   * The HTTP server; it listens only if there is a port for it. Connections can be handed to it (`emit('connection',
   * socket)`).
   */
  readonly plainHttp: HttpServer;
  readonly #settings: PageTlsSettings;
  readonly #source: CertificateSource;
  readonly #challenges: Challenges;
  readonly #followers: ((context: SecureContextOptions) => void)[] = [];
  #server: HttpsServer | undefined;

  private constructor(
    settings: PageTlsSettings,
    source: CertificateSource,
    challenges: Challenges,
    { proxies }: PageTlsOptions,
  ) {
    this.#settings = settings;
    this.#source = source;
    this.#challenges = challenges;
    const { domain: domains, allowHosts, httpPort, http } = settings;
    const listener = redirectListener({ domains, allowHosts, httpPort, httpsPort: () => this.#port, challenges });
    this.plainHttp = createBoundedHttpServer(listener, { ...http, proxies });
  }

  /** Undefined if the page is served over HTTP. Rejects with `StartError`. Requests nothing before `start`. */
  static async open(settings: PageTlsSettings, options: PageTlsOptions): Promise<PageTls | undefined> {
    if (tlsModeOf(settings) === 'off') return undefined;
    const challenges = new Challenges();
    const source = await sourceOf(settings, challenges, options).catch((error: unknown) => {
      if (error instanceof StartError) throw error;
      throw new StartError(error instanceof Error ? error.message : String(error), error);
    });
    return new PageTls(settings, source, challenges, options);
  }

  /** For the page's HTTPS server, which is then passed to `attach`. */
  get serverOptions(): ServerOptions {
    const challenges = this.#challenges;
    return {
      ...contextOptions(this.#source.current),
      handshakeTimeout: this.#settings.http.requestTimeoutMs,
      // The context is chosen here and not by SNI, because only here the purpose of the connection is known.
      ALPNCallback(this: TLSSocket, { servername, protocols }) {
        // Without SNI it is not a string, contrary to its type.
        const proof = protocols.includes(ACME_ALPN) ? challenges.contextFor(servername || '') : undefined;
        if (proof === undefined) return protocols.includes(HTTP_ALPN) ? HTTP_ALPN : undefined;
        this.setKeyCert(proof);
        return ACME_ALPN;
      },
    };
  }

  /** From now on this server presents each new certificate. The server may listen or be handed its connections. */
  attach(server: HttpsServer): void {
    this.#server = server;
    server.prependListener('secureConnection', (socket: TLSSocket) => {
      // RFC 8737 section 3: only the handshake was needed.
      if (socket.alpnProtocol === ACME_ALPN) socket.end();
    });
  }

  /**
   * Opens the redirect port and obtains the certificate. Resolves when there is one, or when there will be none for a
   * while. Rejects with `StartError`.
   */
  async start(): Promise<void> {
    const { host, httpPort } = this.#settings;
    if (httpPort !== 0) {
      this.plainHttp.listen(httpPort, host);
      await once(this.plainHttp, 'listening').catch((error: unknown) => {
        throw secondPortError(error, this.#settings);
      });
    }
    await this.#source.start((certificate) => {
      const context = contextOptions(certificate);
      this.#server?.setSecureContext(context);
      for (const follower of this.#followers) follower(context);
    });
  }

  /** What the page presents now, for other servers with the same name. */
  get context(): SecureContextOptions {
    return contextOptions(this.#source.current);
  }

  /** From now on `follower` receives each new certificate. */
  follow(follower: (context: SecureContextOptions) => void): void {
    this.#followers.push(follower);
  }

  /** The name on the certificate that the page's URL should use. */
  get hostForBrowser(): string {
    const { host } = this.#settings;
    const isForAll = host === '0.0.0.0' || host === '::';
    const name = this.#nameOfCertificate() ?? (isForAll ? (addressInNetwork() ?? 'localhost') : host);
    return isIPv6(name) ? `[${name}]` : name;
  }

  /**
   * The first configured name that the certificate covers; undefined if the certificate is for any name of this
   * machine.
   */
  #nameOfCertificate(): string | undefined {
    const { domain, allowHosts } = this.#settings;
    if (tlsModeOf(this.#settings) === 'self-signed') return undefined;
    const { current } = this.#source;
    const given = [...domain, ...allowHosts].find((name) => coversName(current, name)) ?? domain[0];
    if (given !== undefined) return given;
    // Browsers are only sent to an address if there is no name.
    const plain = current.names.filter((name) => !name.startsWith('*') && name !== 'localhost');
    return plain.find((name) => isIP(name) === 0) ?? plain[0];
  }

  /** The part after the name in the page's URL. */
  portForBrowser(port: number): string {
    const isDefault = port === 443 || (this.#settings.domain.length > 0 && isForwarded(this.#settings));
    return isDefault ? '' : `:${port}`;
  }

  get problem(): HealthProblem | undefined {
    return this.#source.problem;
  }

  get figures(): CertificateFigures {
    const isMissing = this.#source.problem?.code === 'certificate_missing';
    return { expiresAtMs: isMissing ? 0 : this.#source.current.notAfterMs, failures: this.#source.failures ?? 0 };
  }

  /** Tells browsers to use only HTTPS, as long as they accept the certificate. */
  withHsts(listener: RequestListener): RequestListener {
    return (request, response) => {
      if (!this.#source.current.selfSigned) response.setHeader('Strict-Transport-Security', HSTS);
      listener(request, response);
    };
  }

  /**
   * The operator signals a change: reads the files again, or repeats a failed attempt at once. False if there is
   * nothing to do.
   */
  reload(): boolean {
    return this.#source.reload();
  }

  /** Releases the port and timers. The owner closes the HTTPS server. Idempotent. */
  close(): void {
    this.#source.close();
    this.plainHttp.close();
    this.plainHttp.closeAllConnections();
  }

  get #port(): number {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address?.port ?? this.#settings.port;
  }
}

async function sourceOf(
  settings: PageTlsSettings,
  challenges: Challenges,
  { clock, log, watch }: PageTlsOptions,
): Promise<CertificateSource> {
  const { domain, tlsCert, tlsKey, acmeDirectory, acmeEmail, acmeCa, dataDir, httpPort, host, allowHosts } = settings;
  switch (tlsModeOf(settings)) {
    case 'acme':
      return AcmeCertificate.open({
        domains: domain,
        directoryUrl: acmeDirectory,
        email: acmeEmail,
        caPem: acmeCa === '' ? undefined : await readAcmeRoot(acmeCa),
        directory: join(dataDir, 'acme', acmeDirectory.replace(/^https:\/\//, '').replace(/[^\w.-]+/g, '_')),
        challengeTypes: challengeTypes(httpPort),
        challenges,
        clock,
        log,
      });
    case 'self-signed': {
      const isForAll = host === '0.0.0.0' || host === '::';
      const names = () => localNames(isForAll ? allowHosts : [...allowHosts, host]);
      return LanCertificate.open({ file: join(dataDir, 'self-signed.pem'), names, watch, clock, log });
    }
    default:
      return OwnFiles.open({ certFile: tlsCert, keyFile: tlsKey, clock, log }).catch((error: unknown) => {
        throw settingsError(error);
      });
  }
}

/** The contents of the `acme-ca` file. Rejects with `StartError`. */
export async function readAcmeRoot(file: string): Promise<string> {
  try {
    const pem = await readFile(file, 'utf8');
    new X509Certificate(pem);
    return pem;
  } catch (error) {
    const isCode = error instanceof Error && 'syscall' in error;
    const reason = isCode ? `cannot be read: ${error.message}` : 'contains no PEM certificate';
    throw new StartError(`The acme-ca file ${file} ${reason}.`, error, { isSettingsError: true });
  }
}

/** TLS first, because it needs only one open port. Node before 20.17 cannot choose a certificate by ALPN. */
function challengeTypes(httpPort: number): ChallengeType[] {
  const byTls = 'setKeyCert' in TLSSocket.prototype;
  const types: ChallengeType[] = [];
  if (byTls) types.push('tls-alpn-01');
  if (httpPort !== 0) types.push('http-01');
  if (types.length === 0)
    throw settingsError(
      new Error('http-port is required: this version of Node.js cannot work without it (20.17 can).'),
    );
  return types;
}

/** An IPv4 address at which others in the network reach this machine. */
function addressInNetwork(): string | undefined {
  const entries = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return entries.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

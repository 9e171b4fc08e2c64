import type { z } from 'zod';
import {
  API_PATH,
  OPERATION_LIST,
  OPERATIONS,
  type Operation,
  type OperationId,
} from '../../src/protocol/api/operations.ts';
import { problemSchema } from '../../src/protocol/api/schemas.ts';

export interface ApiAnswer {
  readonly operation: OperationId | undefined;
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the schema has been checked, and tests name the fields that they look at.
  readonly body: any;
}

export interface ApiCall {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  /** Sent instead of a JSON body. */
  readonly text?: string;
}

/** A client of the REST API that checks every answer against the schemas of its operation. */
export class ApiClient {
  /** Operations that have succeeded. */
  readonly succeeded = new Set<OperationId>();
  readonly #url: string;
  readonly #token: string;

  /** `url` is the address of the server, without a slash at the end. */
  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  get = (path: string, call: ApiCall = {}) => this.request('GET', path, undefined, call);
  post = (path: string, body?: unknown, call: ApiCall = {}) => this.request('POST', path, body, call);
  patch = (path: string, body: unknown) => this.request('PATCH', path, body);
  delete = (path: string) => this.request('DELETE', path);

  /** `path` is relative to `/api/v1`. Rejects if the answer does not match the API description. */
  async request(
    method: string,
    path: string,
    body?: unknown,
    { token = this.#token, headers = {}, text }: ApiCall = {},
  ): Promise<ApiAnswer> {
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${this.#url}${API_PATH}${path}`, {
      method,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(content !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(content !== undefined && { body: content }),
    });
    const answer = await response.text();
    const parsed = answer === '' ? undefined : JSON.parse(answer);
    const operation = operationOf(method, path);
    const { status } = response;
    if (status >= 400) {
      const { code } = checked(problemSchema, parsed, `${method} ${path}`);
      if (response.headers.get('content-type') !== 'application/problem+json; charset=utf-8')
        throw new Error(`${method} ${path}: a problem of another type`);
      if (parsed.status !== status) throw new Error(`${code} says another status than ${status}`);
    } else if (operation !== undefined) {
      const { answer: expected }: Operation = OPERATIONS[operation];
      if (status !== (expected?.status ?? 204)) throw new Error(`${operation} answers ${status}`);
      if (expected !== undefined) checked(expected.schema, parsed, operation);
      this.succeeded.add(operation);
    }
    return { operation, status, headers: response.headers, body: parsed };
  }
}

/** Returns the operation of a request; `path` is relative to `/api/v1`. */
export function operationOf(method: string, path: string): OperationId | undefined {
  const [bare = ''] = path.split('?');
  return OPERATION_LIST.find(
    ([, operation]) =>
      operation.method === method.toLowerCase() &&
      new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  )?.[0];
}

function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new Error(`${what}: ${result.error.message} in ${JSON.stringify(value)}`);
  return result.data;
}

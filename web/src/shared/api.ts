// What the pages ask of Lumbar's HTTP face (docs/server.md): plain fetch, typed answers, errors with where/message/hint.
import { currentToken } from '../session/session';

export type ParamType =
  | 'flag' | 'int' | 'number' | 'numbers' | 'text' | 'texts' | 'choice' | 'choices' | 'column' | 'columns' | 'formula'
  | 'table' | 'tables' | 'volume' | 'document' | 'source';

export interface Param {
  name: string;
  type: ParamType;
  summary: string;
  required?: boolean;
  positional?: boolean;
  advanced?: boolean;
  output?: boolean;
  preset?: string | null;
  choices?: string[] | null;
  min?: number | null;
  max?: number | null;
  of?: string | null;
}

export interface Operation {
  area: string;
  verb: string;
  name: string;
  summary: string;
  description?: string | null;
  example?: string | null;
  params: Param[];
}

export interface Picture { name: string; title: string; svg: string }
export interface Artifact { name: string; mime: string; size: number; href: string }
export interface InputRecord { name: string; sha256?: string; rows?: number | null }

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Row = Record<string, Json>;

export interface ResultDocument {
  operation: string;
  title?: string;
  version: string;
  parameters: Row;
  inputs: InputRecord[];
  status: string;
  warnings: string[];
  notes?: string[];
  results: Row;
  pictures?: Picture[];
  artifacts?: Artifact[];
}

export interface DataSet { id: string; title: string; kind: 'table' | 'volume' | 'document'; name: string; rows?: number | null }
export interface ScanLabel { value: number; muscle?: string; side?: string; name?: string; label?: string }
export interface Scan {
  id: string;
  title: string;
  source?: string;
  image?: string | null;
  fat?: string | null;
  water?: string | null;
  mask?: string | null;
  labels?: (ScanLabel | string)[] | null;
  /** What measuring this scan takes: names of the labels, slices of the levels. */
  measure?: Record<string, string> | null;
}
export interface Demo { datasets: DataSet[]; scans: Scan[]; study?: string | null }
export interface StudyEntry { id: string; title: Json; acronym?: string | null }

/** A data parameter as it is sent: a set of the demo, text made in the page, or a table of a snapshot. */
export type DataValue = { demo: string } | { name: string; text: string } | { snapshot: string; table: string };

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly where = '',
    readonly detail = '',
    readonly hint = '',
    /** The whole refusal: a conflict brings the record as it stands, bad data its findings. */
    readonly body: Row = {},
  ) {
    super(message);
  }
}

/** Turns any refusal into an ApiError that has something to say, also when the answer is no JSON at all. */
export async function refusal(response: Response): Promise<ApiError> {
  const body = await response.text().catch(() => '');
  try {
    const whole = JSON.parse(body) as { error?: Record<string, string | undefined> };
    const { error } = whole;
    if (error) {
      return new ApiError(response.status, error.code ?? '', error.message ?? response.statusText, error.where ?? '',
        error.detail ?? '', error.hint ?? '', whole as Row);
    }
  } catch {
    // not JSON: fall through to the plain status
  }
  return new ApiError(response.status, 'http', body.slice(0, 300) || response.statusText);
}

async function answer(url: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new ApiError(0, 'network', 'Lumbar does not answer');
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function json<T>(url: string): Promise<T> {
  return (await (await answer(url, { headers: { Accept: 'application/json' } })).json()) as T;
}

export const getHealth = () => json<{ version: string; demo: boolean }>('/api/health');
export const getOperations = () => json<{ operations: Operation[] }>('/api/ops').then((d) => d.operations);
export const getDemo = () => json<Demo>('/api/demo');
export const getStudies = () => json<StudyEntry[] | { studies: StudyEntry[] }>('/api/studies')
  .then((d) => (Array.isArray(d) ? d : d.studies));
export const getStudy = (id: string) => json<Row>(`/api/study/${encodeURIComponent(id)}`);
export const demoDataUrl = (id: string) => `/api/demo/data/${encodeURIComponent(id)}`;
export const getDemoText = (id: string) => answer(demoDataUrl(id)).then((r) => r.text());
export const getDemoBytes = (id: string) => answer(demoDataUrl(id)).then((r) => r.arrayBuffer());

export type ParamValue = string | number | boolean | string[];

export interface Call {
  operation: string;
  parameters: Record<string, ParamValue>;
  data: Record<string, DataValue | DataValue[]>;
}

export async function runOperation(call: Call, signal?: AbortSignal): Promise<ResultDocument> {
  const response = await answer(`/api/op/${call.operation}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-Lumbar-Token': currentToken() },
    body: JSON.stringify({ parameters: call.parameters, data: call.data }),
    signal,
  });
  return (await response.json()) as ResultDocument;
}

/** A model file for everybody's use at /calculator; answers with its address. */
export const publishCalculator = (model: string) => answer('/api/calculator/publish', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Lumbar-Token': currentToken() }, body: model })
  .then((r) => r.json() as Promise<{ href: string }>);

export interface ReviewEntry { id: string; title: string; version: number }
export const getReviews = () => json<{ reviews: ReviewEntry[] }>('/api/reviews').then((d) => d.reviews);
export const reviewDocumentUrl = (id: string) => `/api/review-document/${encodeURIComponent(id)}`;

/** Look at a review as `viewer`, or do something to it: {event}, {events}, {ris, source}. Answers with the state that follows. */
export async function actOnReview(id: string, viewer: string, act: Record<string, Json> = {}, token = ''): Promise<Row> {
  const response = await answer(`/api/review/${encodeURIComponent(id)}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-Lumbar-Token': token },
    body: JSON.stringify({ viewer, ...act }),
  });
  return (await response.json()) as Row;
}

/** What a form holds for a data parameter: a file of the visitor's, or a set of the demo. */
export type Binding = { kind: 'file'; file: File } | { kind: 'demo'; id: string; name: string } | { kind: 'snapshot'; snapshot: string; table: string; columns: string[] };

export function formBody(parameters: Record<string, ParamValue>, bindings: Record<string, Binding[]>): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(parameters)) body.append(name, Array.isArray(value) ? value.join(',') : String(value));
  for (const [name, list] of Object.entries(bindings)) {
    for (const binding of list) {
      if (binding.kind === 'file') body.append(name, binding.file, binding.file.name);
      else if (binding.kind === 'demo') body.append(name, `demo:${binding.id}`);
      else body.append(name, `snapshot:${binding.snapshot}/${binding.table}`);
    }
  }
  return body;
}

/** Bindings as the JSON of a request; files of the visitor's are left out. */
export function dataOf(bindings: Record<string, Binding[]>): Record<string, DataValue | DataValue[]> {
  const data: Record<string, DataValue | DataValue[]> = {};
  for (const [name, list] of Object.entries(bindings)) {
    const values = list.flatMap((b): DataValue[] => (b.kind === 'demo' ? [{ demo: b.id }] : b.kind === 'snapshot' ? [{ snapshot: b.snapshot, table: b.table }] : []));
    if (values.length === 1) data[name] = values[0]!;
    else if (values.length > 1) data[name] = values;
  }
  return data;
}

/** Runs a filled form; `accept` asks for the same answer as CSV or HTML. */
export async function runForm(
  operation: string,
  parameters: Record<string, ParamValue>,
  bindings: Record<string, Binding[]>,
  accept = 'application/json',
): Promise<Response> {
  const hasFile = Object.values(bindings).some((list) => list.some((b) => b.kind === 'file'));
  if (hasFile) {
    return answer(`/api/op/${operation}`, { method: 'POST', headers: { Accept: accept }, body: formBody(parameters, bindings) });
  }
  const data = dataOf(bindings);
  return answer(`/api/op/${operation}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify({ parameters, data }),
  });
}

/** The same call asked for in another format, as a file to keep. */
export async function runAs(call: Call, accept: string): Promise<Blob> {
  const response = await answer(`/api/op/${call.operation}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify({ parameters: call.parameters, data: call.data }),
  });
  return response.blob();
}

// -- snapshots, the plan, reports ---------------------------------------------------------------------------------

export interface SnapshotTable { name: string; rows: number; columns: string[] }
/** The hash of the whole is not told to masked roles: it would tell of tables they do not see. */
export interface Snapshot { id: string; label: string; made: string; sha256: string | null; masked: boolean; tables: SnapshotTable[] }
export interface LedgerEntry { kind: 'rehearsal' | 'lock' | 'amendment' | 'final'; when: string; by: string | null; reason: string | null; plan_sha256: string; hash: string; changed?: string[] }
export interface Plan {
  name: string; text: string; sha256: string; locked: boolean; locked_by: string | null; locked_when: string | null; changed: boolean; rehearsals: number; finals: number;
  rehearsal_allowed: boolean; lock_allowed: boolean; amend_allowed: boolean; final_allowed: boolean; entries: LedgerEntry[]; amendments: LedgerEntry[];
}
export interface Card { op: string; title: string; parameters: Record<string, ParamValue>; data: Record<string, DataValue | DataValue[]>; note: string }

const post = (url: string, body: unknown) => answer(url, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });

export const getSnapshots = () => json<{ snapshots: Snapshot[] }>('/api/snapshots').then((d) => d.snapshots);
export const getPlan = () => json<Plan>('/api/plan');
export const planAct = (act: 'rehearse' | 'lock' | 'amend' | 'run', body: Record<string, unknown>) =>
  post(`/api/plan/${act}`, body).then((r) => r.json() as Promise<ResultDocument>);
export const makeReport = (title: string, language: string, format: 'html' | 'pdf' | 'docx', cards: Card[]) =>
  post('/api/report/make', { title, language, format, cards }).then((r) => r.blob());

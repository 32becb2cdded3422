// Where a reading's work is done: the demo's operations, or a scan of the study. The page knows only this.
import { ApiError, type Demo, getDemoBytes, type Operation, refusal, type ResultDocument, type Row, runForm, type Scan } from '../shared/api';
import type { Volume } from './Viewer';

export type Settings = Record<string, string>;

export interface Bench {
  /** Images by role; the first is shown first. */
  images(): Promise<{ role: string; volume: Volume }[]>;
  /** An image operation on the drawing: a new drawing. */
  tool(verb: string, drawing: ArrayBuffer, settings: Settings): Promise<ArrayBuffer>;
  measure(drawing: ArrayBuffer, settings: Settings): Promise<Row[]>;
  /** Absent in the demo: nothing is kept there. */
  save?(drawing: ArrayBuffer, labels: string, levels: string, revision: number): Promise<{ revision: number; saved_at: string }>;
  finish?(revision: number): Promise<void>;
}

/** Drawings are mostly zeros: packed, they are a hundredth of their size. */
export async function packed(bytes: ArrayBuffer): Promise<Blob> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

export async function unpacked(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  const head = new Uint8Array(bytes, 0, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return bytes;
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer();
}

async function bytesOf(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw await refusal(response);
  return unpacked(await response.arrayBuffer());
}

const ROLES = ['image', 'fat', 'water'] as const;

/** Volume parameters of an operation: the scan's images by their names, and the one that takes the drawing. */
export function volumesOf(operation: Operation | undefined) {
  const names = operation?.params.filter((p) => p.type === 'volume').map((p) => p.name) ?? [];
  const images = names.filter((name) => (ROLES as readonly string[]).includes(name));
  return { images, drawing: names.find((name) => !images.includes(name)) };
}

export function demoBench(demo: Demo, scan: Scan, operations: Operation[]): Bench {
  const pair = scan.fat && scan.water;
  const idOf = (role: string, images: string[]) => {
    if (role !== 'image') return scan[role as 'fat'];
    return pair && images.includes('fat') && images.includes('water') ? null : (scan.image ?? scan.fat ?? scan.water);
  };
  const run = async (name: string, drawing: ArrayBuffer, settings: Settings): Promise<ResultDocument> => {
    const volumes = volumesOf(operations.find((o) => o.name === name || `${o.area}.${o.verb}` === name));
    if (!volumes.drawing) throw new ApiError(404, 'not_found', `there is no operation ${name}`);
    const file = new File([await packed(drawing)], 'drawing.nii.gz');
    const bindings: Parameters<typeof runForm>[2] = { [volumes.drawing]: [{ kind: 'file', file }] };
    for (const role of volumes.images) {
      const id = idOf(role, volumes.images);
      if (id) bindings[role] = [{ kind: 'demo', id, name: role }];
    }
    return (await (await runForm(name, settings, bindings)).json()) as ResultDocument;
  };
  return {
    async images() {
      const roles = ROLES.filter((r) => scan[r] && (r !== 'image' || (scan.image !== scan.fat && scan.image !== scan.water)));
      return Promise.all(roles.map(async (role) => {
        const set = demo.datasets.find((d) => d.id === scan[role])!;
        return { role, volume: { name: set.name, bytes: await getDemoBytes(set.id) } };
      }));
    },
    async tool(verb, drawing, settings) {
      const result = await run(`image.${verb}`, drawing, settings);
      const href = result.artifacts?.[0]?.href;
      if (!href) throw new ApiError(500, 'nothing', 'the operation gave no drawing');
      return bytesOf(await fetch(href));
    },
    async measure(drawing, settings) {
      const rows = (await run('muscle.measure', drawing, settings)).results.rows;
      return Array.isArray(rows) ? (rows as Row[]) : [];
    },
  };
}

/** A scan of the study: images and drawings stay on the server, only the drawing travels. */
export function scanBench(subject: string, n: string, roles: string[], token: string): Bench {
  const at = `/api/scans/${encodeURIComponent(subject)}/${encodeURIComponent(n)}`;
  const post = async (path: string, drawing: ArrayBuffer, settings: Settings, method = 'POST') =>
    fetch(`${at}${path}?${new URLSearchParams(settings)}`, {
      method, body: await packed(drawing), headers: { 'Content-Type': 'application/octet-stream', 'X-Lumbar-Token': token },
    });
  return {
    images: () => Promise.all(roles.map(async (role) => (
      { role, volume: { name: `${role}.nii.gz`, bytes: await bytesOf(await fetch(`${at}/image/${role}.nii.gz`)) } }
    ))),
    tool: async (verb, drawing, settings) => bytesOf(await post(`/tools/${verb}`, drawing, settings)),
    async measure(drawing, settings) {
      const response = await post('/tools/measure', drawing, settings);
      if (!response.ok) throw await refusal(response);
      const rows = ((await response.json()) as ResultDocument).results.rows;
      return Array.isArray(rows) ? (rows as Row[]) : [];
    },
    async save(drawing, labels, levels, revision) {
      const response = await post('/reading', drawing, { labels, levels, revision: String(revision) }, 'PUT');
      if (!response.ok) throw await refusal(response);
      return (await response.json()) as { revision: number; saved_at: string };
    },
    async finish(revision) {
      const response = await fetch(`${at}/finish`, {
        method: 'POST', body: JSON.stringify({ revision }), headers: { 'Content-Type': 'application/json', 'X-Lumbar-Token': token },
      });
      if (!response.ok) throw await refusal(response);
    },
  };
}

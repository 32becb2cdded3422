// The column names of whatever is bound to each table parameter of a form.
import { useQueries } from '@tanstack/react-query';
import { getDemoText, type Binding, type Operation } from '../shared/api';
import { headerOf, parseCsv } from '../shared/csv';
import type { Bindings } from './form';

const keyOf = (binding: Binding) => (binding.kind === 'snapshot' ? `snapshot:${binding.snapshot}/${binding.table}` : binding.kind === 'demo' ? `demo:${binding.id}` : `${binding.file.name}:${binding.file.size}:${binding.file.lastModified}`);

async function columns(binding: Binding): Promise<string[]> {
  if (binding.kind === 'snapshot') return binding.columns;
  if (binding.kind === 'file') return headerOf(binding.file);
  return parseCsv(await getDemoText(binding.id)).header;
}

/** Columns of the table parameter `of`; without `of`, of the first table. */
export function useColumns(op: Operation, bindings: Bindings): (of?: string | null) => string[] {
  const tables = op.params.filter((p) => p.type === 'table' || p.type === 'tables');
  const bound = tables.flatMap((p) => (bindings[p.name] ?? []).map((binding) => ({ param: p.name, binding })));
  const answers = useQueries({
    queries: bound.map(({ binding }) => ({ queryKey: ['columns', keyOf(binding)], queryFn: () => columns(binding) })),
  });
  return (of) => {
    const wanted = of ?? tables[0]?.name;
    return [...new Set(bound.flatMap(({ param }, i) => (param === wanted ? (answers[i]?.data ?? []) : [])))];
  };
}

// A line of a few weeks, small enough to stand in a row of a table: 0 to 100, the threshold dashed, gaps where there is nothing.
export function Sparkline({ values, threshold, label }: { values: (number | null | undefined)[]; threshold?: number; label: string }) {
  const w = 96, h = 26, pad = 3;
  const x = (i: number) => pad + (i * (w - 2 * pad)) / Math.max(1, values.length - 1);
  const y = (v: number) => h - pad - (Math.max(0, Math.min(100, v)) / 100) * (h - 2 * pad);
  const said = values.map((v) => (v === null || v === undefined ? '–' : v.toFixed(0))).join(', ');
  const runs: string[] = [];
  let run: string[] = [];
  values.forEach((v, i) => {
    if (v === null || v === undefined) { if (run.length > 1) runs.push(run.join(' ')); run = []; } else run.push(`${x(i)},${y(v)}`);
  });
  if (run.length > 1) runs.push(run.join(' '));
  return (
    <svg className="sparkline" width={w} height={h} viewBox={`0 0 ${w} ${h}`} role="img" aria-label={`${label}: ${said}`}>
      {threshold !== undefined && <line x1={pad} x2={w - pad} y1={y(threshold)} y2={y(threshold)} stroke="currentColor" strokeDasharray="3 3" opacity=".45" />}
      {runs.map((points, i) => <polyline key={i} points={points} fill="none" stroke="var(--lumbar-bar)" strokeWidth="2" />)}
      {values.map((v, i) => (v === null || v === undefined ? null : <circle key={i} cx={x(i)} cy={y(v)} r="2.6" fill={threshold !== undefined && v < threshold ? 'var(--lumbar-warn)' : 'var(--lumbar-bar)'} />))}
    </svg>
  );
}

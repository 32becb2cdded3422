// Who responds, who relapses: the plan's pipeline as boxes with what each was fitted on, the models side by side, one person explained,
// the model card, and publishing to the calculator.
import { Anchor, Button, FileInput, NumberInput, Paper, Radio, Select, Stack, Tabs, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, type Call, type DataValue, demoDataUrl, getDemo, getDemoText, getSnapshots, publishCalculator, refusal, type ResultDocument, type Row, runOperation, type Snapshot } from '../shared/api';
import { parseCsv } from '../shared/csv';
import { IconError, IconOk, IconPlay, IconWarning } from '../shared/icons';
import { Page } from '../shared/Page';
import { Picture } from '../shared/Picture';
import { Empty, Failure, Loaded, Waiting } from '../shared/states';
import { QuickModels } from './QuickModels';
import { artifactOf, boxesOf, cardOf, outcomesOf, type Performance, rehearsal, type TrainedOutcome } from './trained';

const two = (value: number | null | undefined, digits = 2) => (typeof value === 'number' ? value.toFixed(digits).replace('-', '−') : '–');
const within = (p: Performance | undefined) => (typeof p?.auc === 'number' ? `${two(p.auc)} (${two(p.auc_lower)}–${two(p.auc_upper)})` : '–');
const textOf = (href: string) => fetch(href).then(async (r) => (r.ok ? r.text() : Promise.reject(await refusal(r))));

function Boxes({ outcome }: { outcome: TrainedOutcome }) {
  const { t } = useTranslation();
  return (
    <ol style={{ display: 'flex', flexWrap: 'wrap', gap: '.5rem', padding: 0, listStyle: 'none' }}>
      {boxesOf(outcome.ledger.steps).map(({ key, step }, at) => (
        <li key={key} style={{ flex: '1 1 9.5rem' }}>
          <Paper p="sm" className="surface" style={{ height: '100%' }}>
            <strong>{at + 1}. {t(`model.step.${key}`)}</strong>
            <div>{t('model.rowsOf', { rows: step.rows_max, people: step.people_max })}</div>
            <div className="quiet">{step.outcome ? t('model.seesOutcome') : t('model.blind')}</div>
          </Paper>
        </li>
      ))}
    </ol>
  );
}

function Honesty({ outcome }: { outcome: TrainedOutcome }) {
  const { t } = useTranslation();
  const { leaks, entries } = outcome.ledger, p = outcome.permutation, size = outcome.sample_size;
  const inside = !p || (p.mean_auc >= p.null_lower && p.mean_auc <= p.null_upper);
  return (
    <ul style={{ listStyle: 'none', padding: 0 }}>
      <li className="status" data-kind={leaks ? 'bad' : 'good'}>{leaks ? <IconError /> : <IconOk />}{leaks ? t('model.leak', { count: leaks }) : t('model.noLeak', { count: entries })}</li>
      {p && <li className="status" data-kind={inside ? 'good' : 'bad'}>{inside ? <IconOk /> : <IconError />}{t('model.permuted', { auc: two(p.mean_auc), low: two(p.null_lower), high: two(p.null_upper) })}</li>}
      {size.needed > size.have && (
        <li className="status" data-kind="warn"><IconWarning />{t('model.size', { n: size.candidate_parameters, needed: Math.round(size.needed), have: size.have, few: size.affordable_parameters })}</li>
      )}
    </ul>
  );
}

function SideBySide({ outcome }: { outcome: TrainedOutcome }) {
  const { t } = useTranslation();
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={t('model.sideBySide')} style={{ overflowX: 'auto' }}>
      <table className="data">
        <thead>
          <tr>{(['name', 'auc', 'nested', 'plus', 'slope', 'brier', 'benefit'] as const).map((key) => <th key={key} scope="col" className={key === 'name' ? '' : 'number'}>{t(`model.${key}`)}</th>)}</tr>
        </thead>
        <tbody>
          {outcome.models.map((m) => {
            const shown = m.test ?? m.nested;
            return (
              <tr key={m.model}>
                <th scope="row">{m.label}{m.published ? ` (${t('model.published')})` : ''}</th>
                <td className="number">{within(m.test)}</td>
                <td className="number">{within(m.nested)}</td>
                <td className="number">{two(m.bootstrap?.auc_632plus)}</td>
                <td className="number">{two(shown?.slope)}</td>
                <td className="number">{two(shown?.brier, 3)}</td>
                <td className="number">{two(shown?.net_benefit_20, 3)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** One row of the table: its risk with interval, and what each value adds. */
function OnePerson({ model, table }: { model: string; table: string }) {
  const { t } = useTranslation();
  const [row, setRow] = useState<number>(1);
  const [asked, setAsked] = useState<number | null>(null);
  const rows = parseCsv(table).rows.length;
  const data: Record<string, DataValue> = { model: { name: 'model.json', text: model }, data: { name: 'people.csv', text: table } };
  const why = useQuery({ queryKey: ['explain', model, table, asked], enabled: asked !== null, queryFn: () => runOperation({ operation: 'predict.explain', parameters: { row: asked! }, data }) });
  const risk = useQuery({ queryKey: ['score', model, table], enabled: asked !== null, queryFn: () => runOperation({ operation: 'predict.score', parameters: {}, data }) });
  const score = asked === null ? undefined : ((risk.data?.results.scores ?? []) as Row[])[asked - 1];
  const picture = why.data?.pictures?.find((p) => p.name === 'waterfall');
  const percent = (v: unknown) => (typeof v === 'number' ? `${Math.round(100 * v)} %` : '–');
  return (
    <>
      <div style={{ display: 'flex', gap: '.75rem', alignItems: 'end', flexWrap: 'wrap' }}>
        <NumberInput size="md" label={t('model.personText')} min={1} max={rows} allowDecimal={false} value={row} onChange={(v) => setRow(Number(v) || 1)} w={220} />
        <Button size="md" variant="default" onClick={() => setAsked(Math.min(rows, Math.max(1, row)))}>{t('model.explain')}</Button>
      </div>
      <div aria-live="polite">
        {why.isError && <Failure error={why.error} />}
        {why.isFetching && <Waiting />}
        {score && <p>{score.reason ? String(score.reason) : t('model.riskIs', { risk: percent(score.score), low: percent(score.lower), high: percent(score.upper), stratum: String(score.stratum ?? '') })}</p>}
        {!score?.reason && score?.outside_training_range && <p className="status" data-kind="warn"><IconWarning />{t('model.beyond', { names: score.outside_training_range })}</p>}
        {!score?.reason && score?.unknown && <p className="status" data-kind="warn"><IconWarning />{t('model.notKnown', { names: score.unknown })}</p>}
        {picture && <Picture picture={picture} />}
      </div>
    </>
  );
}

function Publish({ model }: { model: string }) {
  const { t, i18n } = useTranslation();
  const card = cardOf(JSON.parse(model) as Row, i18n.language.startsWith('zh'));
  const publish = useMutation({
    mutationFn: () => publishCalculator(model),
  });
  return (
    <>
      <dl className="card" style={{ display: 'grid', gridTemplateColumns: 'minmax(6rem, 12rem) minmax(0, 1fr)', gap: '.3rem 1rem', overflowWrap: 'anywhere' }}>
        <dt>{t('model.predicts')}</dt><dd>{card.label}. {card.definition}</dd>
        <dt>{t('model.inputs')}</dt><dd>{card.inputs.join(', ')}</dd>
        <dt>{t('model.trainedOn')}</dt><dd>{card.people}</dd>
        <dt>{t('model.card')}</dt><dd>{[card.intended, card.limits].filter(Boolean).join(' ')} ({card.status})</dd>
        <dt>{t('model.hash')}</dt><dd style={{ overflowWrap: 'anywhere' }}><code>{card.sha256}</code></dd>
      </dl>
      <p className="quiet">{t('model.publishText')}</p>
      <Button size="md" onClick={() => publish.mutate()} loading={publish.isPending}>{t('model.publish')}</Button>
      <div aria-live="polite">
        {publish.isError && <Failure error={publish.error} />}
        {publish.data && <p><Anchor href={publish.data.href} target="_blank" rel="noopener">{t('model.open')}</Anchor></p>}
      </div>
    </>
  );
}

function Outcome({ result, outcome }: { result: ResultDocument; outcome: TrainedOutcome }) {
  const { t } = useTranslation();
  const artifact = artifactOf(result, `model-${outcome.id}.json`);
  const model = useQuery({ queryKey: ['artifact', artifact?.href], queryFn: () => textOf(artifact!.href), enabled: artifact !== undefined, staleTime: Infinity });
  const joined = artifactOf(result, `people-${outcome.id}.csv`);
  const people = useQuery({ queryKey: ['artifact', joined?.href], queryFn: () => textOf(joined!.href), enabled: joined !== undefined, staleTime: Infinity });
  const pictures = ['models', 'calibration', 'decision', 'beeswarm'].flatMap((name) => result.pictures?.find((p) => p.name === `${outcome.id}-${name}`) ?? []);
  return (
    <Stack gap="lg" component="article" className="result" aria-label={outcome.label}>
      {outcome.definition && <p className="quiet" style={{ margin: 0 }}>{outcome.definition}</p>}
      <section><Title order={2} fz="1.15rem" mb="xs">{t('model.pipeline')}</Title><Boxes outcome={outcome} /><Honesty outcome={outcome} /></section>
      <section>
        <Title order={2} fz="1.15rem" mb="xs">{t('model.sideBySide')}</Title>
        <SideBySide outcome={outcome} />
        <div style={{ display: 'grid', gap: '1rem', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 22rem), 1fr))' }}>{pictures.map((p) => <Picture key={p.name} picture={p} />)}</div>
      </section>
      {artifact && (
        <Loaded query={model}>
          {(text) => (
            <>
              <section><Title order={2} fz="1.15rem" mb="xs">{t('model.person')}</Title><Loaded query={people}>{(table) => <OnePerson model={text} table={table} />}</Loaded></section>
              <section><Title order={2} fz="1.15rem" mb="xs">{t('model.card')}</Title><Publish model={text} /></section>
            </>
          )}
        </Loaded>
      )}
    </Stack>
  );
}

/** Where the people come from: a snapshot of the study, or the demo's tables. */
export interface Source { id: string; label: string; tables: DataValue[] }
const NEEDED = ['participants', 'radiomics', 'radiomics_second', 'muscle', 'visits'];
function sourceOf(snapshot: Snapshot): Source[] {
  if (!snapshot.tables.some((x) => x.name === 'participants')) return [];
  const tables = NEEDED.filter((name) => snapshot.tables.some((x) => x.name === name)).map((table) => ({ snapshot: snapshot.id, table }));
  return [{ id: snapshot.id, label: snapshot.label ?? snapshot.id, tables }];
}

function ByPlan({ plan: shipped, sources }: { plan: string | undefined; sources: Source[] }) {
  const { t } = useTranslation();
  const [own, setOwn] = useState<{ name: string; text: string } | null>(null);
  const plan = own?.text ?? shipped;
  const [chosen, setChosen] = useState(sources[0]!.id);
  const source = sources.find((s) => s.id === chosen) ?? sources[0]!;
  const [extent, setExtent] = useState('rehearsal');
  const [shown, setShown] = useState<string | null>(null);
  const train = useMutation({
    mutationFn: () => {
      const text = extent === 'rehearsal' ? rehearsal(plan!) : plan!;
      const call: Call = { operation: 'predict.train', parameters: { rows: true }, data: { plan: { name: own?.name ?? 'metnlbp.model.yaml', text }, data: source.tables } };
      return runOperation(call);
    },
  });
  const outcomes = train.data ? outcomesOf(train.data) : [];
  const outcome = outcomes.find((o) => o.id === shown) ?? outcomes[0];
  const report = train.data && artifactOf(train.data, 'report.html');
  return (
    <>
      <Paper p={{ base: 'md', sm: 'lg' }} className="surface no-print" component="section" aria-label={t('model.planTitle')}>
        <Stack gap="md">
          <p style={{ margin: 0 }}>{t('model.planText')} {shipped && <Anchor href={demoDataUrl('model-plan')} target="_blank" rel="noopener">{t('model.planTitle')}</Anchor>}</p>
          <FileInput size="md" clearable accept=".yaml,.yml" label={t('model.ownPlan')} description={shipped ? t('model.ownPlanText') : t('model.noPlan')} placeholder={t('form.upload')} clearButtonProps={{ 'aria-label': t('form.clear') }} onChange={(file) => (file ? void file.text().then((text) => setOwn({ name: file.name, text })) : setOwn(null))} />
          {sources.length > 1 && <Select size="md" label={t('model.source')} data={sources.map((s) => ({ value: s.id, label: s.label }))} value={source.id} allowDeselect={false} onChange={(v) => v && setChosen(v)} />}
          <Radio.Group label={t('model.extent')} value={extent} onChange={setExtent}>
            <Stack gap="xs" mt="xs"><Radio value="rehearsal" label={t('model.rehearsal')} /><Radio value="whole" label={t('model.whole')} /></Stack>
          </Radio.Group>
          <div><Button size="md" leftSection={<IconPlay size={18} />} onClick={() => train.mutate()} loading={train.isPending} disabled={!plan}>{t('model.train')}</Button></div>
        </Stack>
      </Paper>
      <div aria-live="polite">
        {train.isIdle && <Empty>{t('model.notTrained')}</Empty>}
        {train.isPending && <Waiting what={t('model.training', { done: '' })} />}
        {train.isError && <Failure error={train.error} />}
      </div>
      {train.data && outcome && (
        <>
          <div style={{ display: 'flex', gap: '1rem', alignItems: 'end', flexWrap: 'wrap', margin: '1rem 0' }}>
            <Select size="md" label={t('model.outcome')} data={outcomes.map((o) => ({ value: o.id, label: o.label }))} value={outcome.id} allowDeselect={false} onChange={setShown} />
            {report && <Anchor href={report.href} target="_blank" rel="noopener">{t('model.report')}</Anchor>}
          </div>
          <Outcome key={outcome.id} result={train.data} outcome={outcome} />
        </>
      )}
    </>
  );
}

export function ModelPage() {
  const { t } = useTranslation();
  const demo = useQuery({ queryKey: ['demo'], queryFn: getDemo });
  const snapshots = useQuery({ queryKey: ['snapshots', 'model'], queryFn: () => getSnapshots().catch((e: unknown) => { if (e instanceof ApiError && e.status === 404) return null; throw e; }), staleTime: 0, retry: false }); // null: no study here
  const people = demo.data?.datasets.find((d) => d.id === 'participants');
  const plan = demo.data?.datasets.find((d) => d.id === 'model-plan');
  const text = useQuery({ queryKey: ['demo-text', people?.id], queryFn: () => getDemoText(people!.id), enabled: people !== undefined });
  const planText = useQuery({ queryKey: ['demo-text', plan?.id], queryFn: () => getDemoText(plan!.id), enabled: plan !== undefined });
  const here = NEEDED.filter((id) => demo.data?.datasets.some((d) => d.id === id)).map((id) => ({ demo: id }));
  const sources: Source[] = [
    ...(people ? [{ id: 'demo-tables', label: people.title, tables: here }] : []),
    ...(snapshots.data ?? []).filter((s) => !people || s.id !== 'demo').flatMap(sourceOf),
  ];
  return (
    <Page title={t('model.title')} lede={t('model.lede')}>
      <Loaded query={demo}>
        {() => (sources.length > 0 ? (
          <Tabs defaultValue="plan" keepMounted={false}>
            <Tabs.List mb="md"><Tabs.Tab value="plan">{t('model.plan')}</Tabs.Tab>{people && <Tabs.Tab value="hand">{t('model.hand')}</Tabs.Tab>}</Tabs.List>
            <Tabs.Panel value="plan">
              {plan ? <Loaded query={planText}>{(yaml) => <ByPlan plan={yaml} sources={sources} />}</Loaded> : <ByPlan plan={undefined} sources={sources} />}
            </Tabs.Panel>
            {people && <Tabs.Panel value="hand"><Loaded query={text}>{(csv) => <QuickModels data={people.id} table={parseCsv(csv)} />}</Loaded></Tabs.Panel>}
          </Tabs>
        ) : snapshots.isPending ? <Waiting /> : snapshots.isError ? <Failure error={snapshots.error} again={() => void snapshots.refetch()} /> : <Empty>{snapshots.data ? t('model.noSnapshot') : t('home.noPeople')}</Empty>)}
      </Loaded>
    </Page>
  );
}

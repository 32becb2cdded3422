// Which page stands at which address. The viewer brings NiiVue along, so it is fetched only when it is opened.
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Redirect, Route, Switch } from 'wouter';
import { AnalysisPage } from '../analysis/AnalysisPage';
import { HomePage } from '../home/HomePage';
import { ModelPage } from '../model/ModelPage';
import { OperationPage } from '../operations/OperationPage';
import { OperationsPage } from '../operations/OperationsPage';
import { Page } from '../shared/Page';
import { Empty, Waiting } from '../shared/states';
import { StudyPage } from '../study/StudyPage';
import { Shell } from './Shell';

const EvidencePage = lazy(() => import('../evidence/EvidencePage').then((m) => ({ default: m.EvidencePage })));
const ImagingPage = lazy(() => import('../viewer/ImagingPage'));

function Missing() {
  const { t } = useTranslation();
  return <Page title={t('missing.title')}><Empty>{t('missing.text')}</Empty></Page>;
}

export function App() {
  return (
    <Shell>
      <Suspense fallback={<Waiting />}>
        <Switch>
          <Route path="/" component={HomePage} />
          <Route path="/imaging" component={ImagingPage} />
          <Route path="/analysis" component={AnalysisPage} />
          <Route path="/model" component={ModelPage} />
          <Route path="/evidence"><EvidencePage /></Route>
          <Route path="/evidence/:tab">{({ tab }) => <EvidencePage tab={tab} />}</Route>
          <Route path="/study"><Redirect to="/study/metnlbp" replace /></Route>
          <Route path="/study/:id">{({ id }) => <StudyPage key={id} id={id} />}</Route>
          <Route path="/operations" component={OperationsPage} />
          <Route path="/operations/:area/:verb">{({ area, verb }) => <OperationPage key={`${area}.${verb}`} name={`${area}.${verb}`} />}</Route>
          <Route component={Missing} />
        </Switch>
      </Suspense>
    </Shell>
  );
}

"""The names of Buildbot 4.3 as configurations import them: module, where ours is, names.

Where ours is:

- a group of `buildmill.plugins`, as ``steps``: the group says whether the name is there yet;
- a module of ours: the same name there, or with ``theirs=ours`` another one;
- ``refused``: nowhere, and `refused` says why;
- ``later``: nowhere yet.

Of modules that are internal to Buildbot only the names are listed that configurations are known to ask for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

GROUPS: Final = ("steps", "schedulers", "changes", "util", "worker", "secrets", "reporters")
"""The groups of ``buildbot.plugins`` that `buildmill.plugins` has, too."""

LATER: Final = "later"
"""Stands before names that are known and not made yet; of the version whose names these are there is none."""
REFUSED: Final = "refused"
"""Stands before names that will not be there; `refused` has the reasons."""

TABLE: Final[Mapping[str, Mapping[str, str]]] = {
    "buildbot": {"buildmill.plugins.original.versions": "__version__=version version"},
    "buildbot.buildrequest": {"buildmill.master.engine.builder": "BuildRequest=RequestView"},
    "buildbot.changes.base": {
        "buildmill.master.changes.base": "ChangeSource PollingChangeSource ReconfigurablePollingChangeSource",
    },
    "buildbot.changes.bitbucket": {"changes": "BitbucketPullrequestPoller"},
    "buildbot.changes.changes": {"buildmill.master.schedulers.change": "Change"},
    "buildbot.changes.filter": {"util": "ChangeFilter"},
    "buildbot.changes.gerritchangesource": {
        "changes": "GerritChangeSource GerritEventLogPoller",
        "util": "GerritChangeFilter",
    },
    "buildbot.changes.github": {"changes": "GitHubPullrequestPoller"},
    "buildbot.changes.gitpoller": {"changes": "GitPoller"},
    "buildbot.changes.hgpoller": {"changes": "HgPoller"},
    "buildbot.changes.mail": {
        "changes": "BzrLaunchpadEmailMaildirSource CVSMaildirSource MaildirSource SVNCommitEmailMaildirSource",
    },
    "buildbot.changes.p4poller": {"changes": "P4Source"},
    "buildbot.changes.pb": {"changes": "PBChangeSource"},
    "buildbot.changes.svnpoller": {
        "changes": "SVNPoller",
        "buildmill.master.changes.svn_paths": """split_file_alwaystrunk split_file_branches
            split_file_projects_branches""",
    },
    "buildbot.config": {
        "util": "BuilderConfig",
        "buildmill.plugins.original.configuration": "ConfigErrors error",
        "buildmill.plugins.original.loading": "MasterConfig",
    },
    "buildbot.config.builder": {"util": "BuilderConfig"},
    "buildbot.config.checks": {
        "buildmill.plugins.original.checks": """check_param_bool check_param_int check_param_int_none
            check_param_length check_param_number_none check_param_str check_param_str_none check_param_type""",
    },
    "buildbot.config.errors": {"buildmill.plugins.original.configuration": "ConfigErrors error"},
    "buildbot.config.master": {"buildmill.plugins.original.loading": "FileLoader loadConfigDict MasterConfig"},
    "buildbot.configurators": {"buildmill.plugins.original.configuration": "ConfiguratorBase"},
    "buildbot.configurators.janitor": {"util": "JanitorConfigurator"},
    "buildbot.data.base": {"refused": "Endpoint EndpointKind ResourceType"},
    "buildbot.data.resultspec": {
        "buildmill.plugins.original.result_spec": "Filter ResultSpec",
        "refused": "OrderBy",
    },
    "buildbot.db.base": {"refused": "DBConnectorComponent"},
    "buildbot.db.buildrequests": {
        "buildmill.plugins.original.rows": "AlreadyClaimedError BuildRequestModel NotClaimedError",
    },
    "buildbot.db.builds": {"buildmill.plugins.original.rows": "BuildModel"},
    "buildbot.db.connector": {"refused": "DBConnector"},
    "buildbot.db.dbconfig": {"util": "DbConfig"},
    "buildbot.db.enginestrategy": {"refused": "create_engine"},
    "buildbot.db.exceptions": {"buildmill.plugins.original.rows": "DatabaseNotReadyError"},
    "buildbot.db.migrate_utils": {"refused": "test_unicode"},
    "buildbot.db.pool": {"refused": "DBThreadPool"},
    "buildbot.interfaces": {
        "buildmill.plugins.original.interfaces": """BuilderInUseError IBuilder IBuilderControl IBuildStep
            IBuildStepFactory IChangeSource IConfigLoader IConfigurator IConfigured IHttpResponse ILatentMachine
            ILatentWorker ILogObserver IMachine IMachineAction IProperties IRenderable IReportGenerator IScheduler
            ISourceStamp ITriggerableScheduler IWorker ParameterError WorkerSetupError WorkerTooOldError""",
        "buildmill.master.engine.substantiation": """LatentWorkerCannotSubstantiate LatentWorkerFailedToSubstantiate
            LatentWorkerSubstantiatiationCancelled""",
    },
    "buildbot.locks": {"util": "MasterLock WorkerLock"},
    "buildbot.machine.base": {"buildmill.master.engine.machine_config": "Machine"},
    "buildbot.machine.latent": {"buildmill.master.engine.machine_config": "AbstractLatentMachine"},
    "buildbot.manhole": {"util": "AuthorizedKeysManhole PasswordManhole TelnetManhole"},
    "buildbot.master": {"buildmill.master.engine.facade": "BuildMaster=Master"},
    "buildbot.plugins.webhooks": {
        "buildmill.master.auth.hooks": """base=BaseHookHandler bitbucket=BitBucketHandler
            bitbucketcloud=BitbucketCloudEventHandler bitbucketserver=BitbucketServerEventHandler github=GitHubHandler
            gitlab=GitLabHandler gitorious=GitoriousHandler poller=PollingHandler""",
    },
    "buildbot.plugins.www": {
        "buildmill.plugins.original.pages": """base=BASE console_view=CONSOLE_VIEW grid_view=GRID_VIEW
            waterfall_view=WATERFALL_VIEW""",
    },
    "buildbot.process.build": {"buildmill.master.engine.build": "Build"},
    "buildbot.process.builder": {"util": "enforceChosenWorker", "buildmill.master.engine.builder": "Builder"},
    "buildbot.process.buildrequest": {
        "buildmill.master.engine.builder": "BuildRequest=RequestView",
        "buildmill.plugins.original.stamps": "TempChange TempSourceStamp",
    },
    "buildbot.process.buildstep": {
        "steps": "BuildStep",
        "buildmill.master.engine.step": "BuildStepCancelled BuildStepFailed",
        "buildmill.master.engine.shell": "CommandMixin ShellMixin",
        "util": "CANCELLED EXCEPTION FAILURE LogLineObserver RETRY SKIPPED SUCCESS WARNINGS",
        "buildmill.master.engine.step_log": "BufferLogObserver LineConsumerLogObserver LogObserver",
        "buildmill.master.engine.remote_command": "RemoteCommand",
        "buildmill.master.engine.remote_shell": "RemoteShellCommand",
        "buildmill.master.engine.factory": "BuildStepFactory=StepFactory",
    },
    "buildbot.process.codebase": {"util": "Codebase"},
    "buildbot.process.factory": {
        "util": "BasicBuildFactory BasicSVN BuildFactory CPAN Distutils GNUAutoconf QuickBuildFactory Trial",
    },
    "buildbot.process.log": {
        "buildmill.master.engine.step_log": """HTMLLog=StepLog HtmlLog=StepLog Log=StepLog PlainLog=StepLog
            StreamLog=StepLog TextLog=StepLog""",
    },
    "buildbot.process.logobserver": {
        "util": "LogLineObserver",
        "buildmill.master.engine.step_log": """BufferLogObserver LineConsumerLogObserver LogObserver
            OutputProgressObserver""",
    },
    "buildbot.process.project": {"util": "Project"},
    "buildbot.process.properties": {
        "util": "FlattenList Interpolate Properties Property renderer Secret Transform WithProperties",
        "buildmill.plugins.original.plugin_tools": "PropertiesMixin",
    },
    "buildbot.process.remotecommand": {
        "buildmill.master.engine.remote_command": """LoggedRemoteCommand=RemoteCommand RemoteCommand
            RemoteException=RemoteCommandFailed""",
        "buildmill.master.engine.remote_shell": "RemoteShellCommand",
    },
    "buildbot.process.results": {
        "util": "CANCELLED EXCEPTION FAILURE Results RETRY SKIPPED SUCCESS WARNINGS",
        "buildmill.master.domain.result_rules": """ALL_RESULTS
            computeResultAndTermination=compute_result_and_termination statusToString=status_text worst_status=worst""",
        "buildmill.master.steps.composite": "ResultComputingConfigMixin",
    },
    "buildbot.process.users.manual": {"util": "CommandlineUserManager"},
    "buildbot.process.workerforbuilder": {
        "buildmill.master.engine.workers": """AbstractWorkerForBuilder=WorkerHandle LatentWorkerForBuilder
            WorkerForBuilder=WorkerHandle""",
    },
    "buildbot.reporters.base": {"buildmill.master.reporters.base": "ReporterBase"},
    "buildbot.reporters.bitbucket": {"reporters": "BitbucketStatusPush"},
    "buildbot.reporters.bitbucketserver": {
        "reporters": "BitbucketServerCoreAPIStatusPush BitbucketServerPRCommentPush BitbucketServerStatusPush",
    },
    "buildbot.reporters.generators.build": {"reporters": "BuildStartEndStatusGenerator BuildStatusGenerator"},
    "buildbot.reporters.generators.buildrequest": {"reporters": "BuildRequestGenerator"},
    "buildbot.reporters.generators.buildset": {
        "reporters": "BuildSetCombinedStatusGenerator BuildSetStatusGenerator",
    },
    "buildbot.reporters.generators.utils": {
        "buildmill.master.reporters.generators.filters": "BuildStatusGeneratorMixin"
    },
    "buildbot.reporters.generators.worker": {"reporters": "WorkerMissingGenerator"},
    "buildbot.reporters.gerrit": {"reporters": "GerritStatusPush"},
    "buildbot.reporters.gerrit_verify_status": {"reporters": "GerritVerifyStatusPush"},
    "buildbot.reporters.github": {"reporters": "GitHubCommentPush GitHubStatusPush"},
    "buildbot.reporters.gitlab": {"reporters": "GitLabStatusPush"},
    "buildbot.reporters.http": {"reporters": "HttpStatusPush"},
    "buildbot.reporters.irc": {
        "reporters": "IRC",
        "buildmill.master.reporters.accepted": "IrcStatusBot IrcStatusFactory",
    },
    "buildbot.reporters.mail": {"reporters": "MailNotifier", "buildmill.master.reporters.mail": "Domain"},
    "buildbot.reporters.message": {
        "reporters": """MessageFormatter MessageFormatterEmpty MessageFormatterFunction MessageFormatterFunctionRaw
             MessageFormatterMissingWorker MessageFormatterRenderable""",
        "buildmill.master.reporters.messages": """create_context_for_build create_context_for_worker
            MessageFormatterBase MessageFormatterBaseJinja""",
    },
    "buildbot.reporters.pushjet": {"reporters": "PushjetNotifier"},
    "buildbot.reporters.pushover": {"reporters": "PushoverNotifier"},
    "buildbot.reporters.telegram": {"reporters": "TelegramBot"},
    "buildbot.reporters.utils": {
        "util": "URLForBuild",
        "buildmill.master.reporters.details": """getChangesForSourceStamps
            getDetailsForBuild getDetailsForBuilds getDetailsForBuildset
            getPreviousBuild getResponsibleUsersForBuild getResponsibleUsersForSourceStamp getURLForBuild
            getURLForBuildrequest merge_reports_prop merge_reports_prop_take_first""",
    },
    "buildbot.reporters.zulip": {"reporters": "ZulipStatusPush"},
    "buildbot.revlinks": {
        "util": "RevlinkMatch",
        "buildmill.master.domain.revlinks": """BitbucketRevlink default_revlink_matcher GithubRevlink GitwebMatch
            RevlinkMultiplexer SourceforgeGitRevlink SourceforgeGitRevlink_AlluraPlatform""",
    },
    "buildbot.schedulers.base": {"buildmill.master.schedulers.base": "BaseScheduler"},
    "buildbot.schedulers.basic": {
        "schedulers": "AnyBranchScheduler Dependent SingleBranchScheduler",
        "buildmill.master.schedulers.basic": "BaseBasicScheduler Scheduler=SingleBranchScheduler",
        "refused": "ChangesetScheduler",
    },
    "buildbot.schedulers.canceller": {"util": "OldBuildCanceller"},
    "buildbot.schedulers.canceller_buildset": {"util": "FailingBuildsetCanceller"},
    "buildbot.schedulers.dependent": {"schedulers": "Dependent"},
    "buildbot.schedulers.filter": {"util": "ChangeFilter"},
    "buildbot.schedulers.forcesched": {
        "schedulers": "ForceScheduler",
        "util": """AnyPropertyParameter BaseParameter BooleanParameter ChoiceStringParameter CodebaseParameter
            FileParameter FixedParameter InheritBuildParameter IntParameter NestedParameter ParameterGroup
            PatchParameter StringParameter TextParameter UserNameParameter ValidationError WorkerChoiceParameter""",
        "buildmill.master.data.ports": "CollectedValidationError=InvalidParameters",
    },
    "buildbot.schedulers.timed": {
        "schedulers": "Nightly NightlyTriggerable Periodic",
        "buildmill.master.schedulers.timed": "NightlyBase Timed",
    },
    "buildbot.schedulers.triggerable": {"schedulers": "Triggerable"},
    "buildbot.schedulers.trysched": {
        "schedulers": "Try_Jobdir Try_Userpass",
        "buildmill.master.schedulers.trysched": "TryBase",
    },
    "buildbot.scripts.base": {"buildmill.plugins.original.loading": "isBuildmasterDir"},
    "buildbot.secrets.manager": {"buildmill.master.secrets.manager": "SecretManager"},
    "buildbot.secrets.providers.base": {"buildmill.master.secrets.base": "SecretProviderBase"},
    "buildbot.secrets.providers.file": {"secrets": "SecretInAFile"},
    "buildbot.secrets.providers.passwordstore": {"secrets": "SecretInPass"},
    "buildbot.secrets.providers.vault_hvac": {
        "secrets": "HashiCorpVaultKvSecretProvider VaultAuthenticatorApprole VaultAuthenticatorToken",
        "buildmill.master.secrets.vault": "VaultAuthenticator",
    },
    "buildbot.secrets.secret": {"buildmill.master.secrets.secret": "SecretDetails"},
    "buildbot.steps.cmake": {"steps": "CMake"},
    "buildbot.steps.configurable": {"steps": "BuildbotCiSetupSteps BuildbotTestCiTrigger"},
    "buildbot.steps.cppcheck": {"steps": "Cppcheck"},
    "buildbot.steps.gitdiffinfo": {"steps": "GitDiffInfo"},
    "buildbot.steps.http": {"steps": "DELETE GET HEAD HTTPStep OPTIONS POST PUT"},
    "buildbot.steps.master": {
        "steps": "Assert LogRenderable MasterShellCommand SetProperties SetProperty",
        "util": "CANCELLED EXCEPTION FAILURE RETRY SKIPPED SUCCESS WARNINGS",
    },
    "buildbot.steps.maxq": {"steps": "MaxQ"},
    "buildbot.steps.mswin": {"steps": "Robocopy"},
    "buildbot.steps.package.deb.lintian": {"steps": "DebLintian"},
    "buildbot.steps.package.deb.pbuilder": {"steps": "DebCowbuilder DebPbuilder UbuCowbuilder UbuPbuilder"},
    "buildbot.steps.package.rpm.mock": {"steps": "Mock MockBuildSRPM MockRebuild"},
    "buildbot.steps.package.rpm.rpmbuild": {"steps": "RpmBuild"},
    "buildbot.steps.package.rpm.rpmlint": {"steps": "RpmLint"},
    "buildbot.steps.python": {"steps": "BuildEPYDoc PyFlakes PyLint Sphinx"},
    "buildbot.steps.python_twisted": {
        "steps": "HLint RemovePYCs Trial",
        "buildmill.master.steps.trial": "TrialTestCaseCounter",
    },
    "buildbot.steps.shell": {
        "steps": """Compile Configure PerlModuleTest SetPropertyFromCommand ShellCommand Test TreeSize
            WarningCountingShellCommand""",
        "util": "CANCELLED EXCEPTION FAILURE RETRY SKIPPED SUCCESS WARNINGS",
        "buildmill.master.engine.shell": "ShellMixin",
    },
    "buildbot.steps.shellsequence": {"steps": "ShellSequence", "util": "ShellArg"},
    "buildbot.steps.source.base": {"buildmill.master.steps.source": "Source"},
    "buildbot.steps.source.bzr": {"steps": "Bzr"},
    "buildbot.steps.source.cvs": {"steps": "CVS"},
    "buildbot.steps.source.darcs": {"steps": "Darcs"},
    "buildbot.steps.source.gerrit": {"steps": "Gerrit"},
    "buildbot.steps.source.git": {"steps": "Git GitCommit GitPush GitTag"},
    "buildbot.steps.source.github": {"steps": "GitHub"},
    "buildbot.steps.source.gitlab": {"steps": "GitLab"},
    "buildbot.steps.source.mercurial": {"steps": "Mercurial"},
    "buildbot.steps.source.mtn": {"steps": "Monotone"},
    "buildbot.steps.source.p4": {"steps": "P4"},
    "buildbot.steps.source.repo": {
        "steps": "Repo",
        "buildmill.master.steps.repo": "RepoDownloadsFromChangeSource RepoDownloadsFromProperties",
    },
    "buildbot.steps.source.svn": {"steps": "SVN"},
    "buildbot.steps.subunit": {"steps": "SubunitShellCommand"},
    "buildbot.steps.transfer": {
        "steps": """DirectoryUpload FileDownload FileUpload JSONPropertiesDownload JSONStringDownload
            MultipleFileUpload StringDownload""",
        "buildmill.master.steps.composite": "_TransferBuildStep=TransferBuildStep",
    },
    "buildbot.steps.trigger": {"steps": "Trigger"},
    "buildbot.steps.vstudio": {
        "steps": """MsBuild MsBuild12 MsBuild14 MsBuild141 MsBuild15 MsBuild16 MsBuild17 MsBuild4 VC10 VC11 VC12
            VC14 VC141 VC6 VC7 VC8 VC9 VCExpress9 VS2003 VS2005 VS2008 VS2010 VS2012 VS2013 VS2015 VS2017 VS2019
            VS2022""",
        "buildmill.master.steps.visual_studio": "VisualStudio",
    },
    "buildbot.steps.worker": {
        "steps": "CopyDirectory FileExists MakeDirectory RemoveDirectory SetPropertiesFromEnv",
        "buildmill.master.steps.composite": "CompositeStepMixin WorkerBuildStep",
    },
    "buildbot.util": {
        "buildmill.plugins.original.utilities": """ascii2unicode asyncSleep bytes2unicode command_to_string
            ComparableMixin datetime2epoch epoch2datetime flatten flattened_iterator formatInterval fuzzyInterval
            giturlparse human_readable_delta join_list makeList naturalSort none_or_str now rewrap safeTranslate
            string2boolean stripUrlPassword toJson unicode2bytes UTC""",
    },
    "buildbot.util.config": {"buildmill.plugins.original.plugin_tools": "ConfiguredMixin"},
    "buildbot.util.deferwaiter": {"buildmill.plugins.original.plugin_tools": "DeferWaiter"},
    "buildbot.util.git": {"buildmill.master.steps.git_support": "GitMixin GitStepMixin=GitMixin"},
    "buildbot.util.git_credential": {
        "util": "GitCredentialInputRenderer GitCredentialOptions",
        "buildmill.master.domain.git_credentials": "add_user_password_to_credentials",
    },
    "buildbot.util.giturlparse": {"buildmill.plugins.original.utilities": "GitUrl giturlparse"},
    "buildbot.util.httpclientservice": {
        "buildmill.master.engine.http_client": "HTTPClientService HTTPSession TreqResponseWrapper=HttpAnswer",
        "buildmill.plugins.original.interfaces": "IHttpResponse",
        "buildmill.plugins.original.plugin_tools": "TxRequestsResponseWrapper",
    },
    "buildbot.util.identifiers": {
        "buildmill.plugins.original.identifiers": "forceIdentifier incrementIdentifier isIdentifier",
    },
    "buildbot.util.kubeclientservice": {
        "util": "KubeCtlProxyConfigLoader KubeHardcodedConfig KubeInClusterConfigLoader",
    },
    "buildbot.util.misc": {
        "buildmill.plugins.original.utilities": "deferredLocked",
        "buildmill.plugins.original.plugin_tools": "cancelAfter chunkify_list",
        "refused": "SingletonMixin",
    },
    "buildbot.util.runprocess": {
        "buildmill.plugins.original.plugin_tools": "run_process RunProcess",
    },
    "buildbot.util.sautils": {"refused": "hash_columns insert_from_select sa_version Table"},
    "buildbot.util.service": {
        "buildmill.master.engine.service": """AsyncMultiService AsyncService BuildbotService BuildbotServiceManager
            ClusteredBuildbotService ReconfigurableServiceMixin SharedService""",
    },
    "buildbot.util.ssfilter": {"util": "SourceStampFilter"},
    "buildbot.util.ssl": {"twisted.internet.ssl": "ClientContextFactory"},
    "buildbot.util.state": {"buildmill.plugins.original.plugin_tools": "StateMixin"},
    "buildbot.util.twisted": {"buildmill.master.engine.user_code": "async_to_deferred=begun_at_once"},
    "buildbot.version": {"buildmill.plugins.original.versions": "version"},
    "buildbot.warnings": {
        "buildmill.plugins.original.configuration": "ConfigWarning DeprecatedApiWarning warn_deprecated",
    },
    "buildbot.worker": {
        "worker": "Worker",
        "buildmill.master.engine.worker_config": "AbstractWorker=WorkerConfig",
        "buildmill.master.latent.abstract": "AbstractLatentWorker",
    },
    "buildbot.worker.base": {
        "worker": "Worker",
        "buildmill.master.engine.worker_config": "AbstractWorker=WorkerConfig",
    },
    "buildbot.worker.docker": {"worker": "DockerLatentWorker"},
    "buildbot.worker.ec2": {"worker": "EC2LatentWorker"},
    "buildbot.worker.kubernetes": {"worker": "KubeLatentWorker"},
    "buildbot.worker.latent": {"buildmill.master.latent.abstract": "AbstractLatentWorker"},
    "buildbot.worker.libvirt": {"util": "Connection", "worker": "LibVirtWorker"},
    "buildbot.worker.local": {"worker": "LocalWorker"},
    "buildbot.worker.openstack": {"worker": "OpenStackLatentWorker"},
    "buildbot.www.auth": {
        "util": "CustomAuth HTPasswdAuth RemoteUserAuth UserPasswordAuth",
        "buildmill.master.auth.backends": "AuthBase NoAuth TwistedICredAuthBase UserInfoProviderBase",
        "buildmill.plugins.original.pages": "AuthRealm AuthRootResource",
    },
    "buildbot.www.authz": {"util": "Authz fnmatchStrMatcher reStrMatcher", "buildmill.common.errors": "Forbidden"},
    "buildbot.www.authz.authz": {
        "buildmill.common.errors": "Forbidden",
        "util": "Authz fnmatchStrMatcher reStrMatcher",
    },
    "buildbot.www.authz.endpointmatchers": {
        "util": """AnyControlEndpointMatcher AnyEndpointMatcher EnableSchedulerEndpointMatcher
            ForceBuildEndpointMatcher RebuildBuildEndpointMatcher StopBuildEndpointMatcher""",
        "buildmill.master.auth.matchers": "BranchEndpointMatcher EndpointMatcherBase Match ViewBuildsEndpointMatcher",
    },
    "buildbot.www.authz.roles": {
        "util": "RolesFromDomain RolesFromEmails RolesFromGroups RolesFromOwner RolesFromUsername",
        "buildmill.master.auth.roles": "RolesFromBase",
    },
    "buildbot.www.avatar": {"util": "AvatarGitHub AvatarGravatar", "buildmill.master.auth.avatars": "AvatarBase"},
    "buildbot.www.hooks.base": {"buildmill.master.auth.hooks": "BaseHookHandler base=BaseHookHandler"},
    "buildbot.www.hooks.bitbucket": {"buildmill.master.auth.hooks": "BitBucketHandler bitbucket=BitBucketHandler"},
    "buildbot.www.hooks.bitbucketcloud": {
        "buildmill.master.auth.hooks": "BitbucketCloudEventHandler bitbucketcloud=BitbucketCloudEventHandler",
    },
    "buildbot.www.hooks.bitbucketserver": {
        "buildmill.master.auth.hooks": "BitbucketServerEventHandler bitbucketserver=BitbucketServerEventHandler",
    },
    "buildbot.www.hooks.github": {
        "buildmill.master.auth.hooks": "GitHubEventHandler GitHubHandler github=GitHubHandler",
    },
    "buildbot.www.hooks.gitlab": {"buildmill.master.auth.hooks": "GitLabHandler gitlab=GitLabHandler"},
    "buildbot.www.hooks.gitorious": {"buildmill.master.auth.hooks": "GitoriousHandler gitorious=GitoriousHandler"},
    "buildbot.www.hooks.poller": {"buildmill.master.auth.hooks": "PollingHandler poller=PollingHandler"},
    "buildbot.www.ldapuserinfo": {"util": "LdapUserInfo"},
    "buildbot.www.oauth2": {
        "util": "BitbucketAuth GitHubAuth GitLabAuth GoogleAuth",
        "buildmill.master.auth.oauth2": "OAuth2Auth",
        "buildmill.plugins.original.pages": "OAuth2LoginResource",
    },
    "buildbot.www.plugin": {"buildmill.plugins.original.pages": "Application"},
    "buildbot.www.resource": {"buildmill.plugins.original.pages": "Resource"},
}

"""The rest of a configuration's vocabulary: ``from buildmill.plugins import util``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names, words

NAMES = {
    **names("engine.builder_config", "BuilderConfig"),
    **names("engine.factory", "BuildFactory"),
    **names("engine.project_config", "Codebase Project"),
    **names("engine.operators", "AuthorizedKeysManhole CommandlineUserManager PasswordManhole TelnetManhole"),
    **names("domain.lock_values", "MasterLock WorkerLock"),
    **names("domain.change_filter", "ChangeFilter GerritChangeFilter"),
    **names("domain.retrying", "Retry SameInputs"),
    **names("domain.revlinks", "RevlinkMatch"),
    **names("domain.source_stamp_filter", "SourceStampFilter"),
    **names("schedulers.canceller", "FailingBuildsetCanceller OldBuildCanceller"),
    **names("domain.git_credentials", "GitCredentialInputRenderer GitCredentialOptions"),
    **names("domain.properties", "Properties"),
    **names("domain.interpolate", "Interpolate WithProperties"),
    **names("domain.renderables", "FlattenList Property Secret Transform URLForBuild renderer"),
    **names("engine.step_log", "LogLineObserver"),
    **names(
        "steps.factories",
        "BasicBuildFactory BasicSVN CPAN Distutils GNUAutoconf QuickBuildFactory Trial",
    ),
    **names("steps.shell_sequence", "ShellArg"),
    **names(
        "schedulers.parameters",
        """AnyPropertyParameter BaseParameter BooleanParameter ChoiceStringParameter CodebaseParameter FileParameter
        FixedParameter InheritBuildParameter IntParameter NestedParameter ParameterGroup PatchParameter
        StringParameter TextParameter UserNameParameter ValidationError WorkerChoiceParameter""",
    ),
    **names("engine.chosen_worker", "enforceChosenWorker"),
    **names("auth.backends", "CustomAuth HTPasswdAuth NoAuth RemoteUserAuth UserPasswordAuth"),
    **names("auth.ldap", "LDAPAuth LdapUserInfo"),
    **names("auth.oauth2", "BitbucketAuth GitHubAuth GitLabAuth"),
    **names("auth.oidc", "GoogleAuth OIDCAuth"),
    **names(
        "auth.matchers",
        """AnyControlEndpointMatcher AnyEndpointMatcher EnableSchedulerEndpointMatcher ForceBuildEndpointMatcher
        RebuildBuildEndpointMatcher StopBuildEndpointMatcher""",
    ),
    **names("latent.kube_access", "KubeCtlProxyConfigLoader KubeHardcodedConfig KubeInClusterConfigLoader"),
    **names("latent.libvirt_access", "Connection"),
    **names("auth.projects", "ProjectRule"),
    **names("auth.roles", "RolesFromDomain RolesFromEmails RolesFromGroups RolesFromOwner RolesFromUsername"),
    **names("auth.rules", "Authz fnmatchStrMatcher reStrMatcher"),
    **names("auth.avatars", "AvatarGitHub AvatarGravatar"),
    **dict.fromkeys(words("SUCCESS WARNINGS FAILURE SKIPPED EXCEPTION RETRY CANCELLED"), "buildmill.common.results"),
    "svn": "buildmill.plugins.grouped",
    "DbConfig": "buildmill.plugins.dbconfig",
    "JanitorConfigurator": "buildmill.plugins.janitor",
    "repo": "buildmill.plugins.repo_names:REPO",
    "Results": "buildmill.plugins.result_names:RESULT_NAMES",
}
__getattr__, __dir__ = lazy_names("util", NAMES)

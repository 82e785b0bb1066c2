import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.interceptor.api.IInterceptorService;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.packages.IPackageInstallerSvc;
import ca.uhn.fhir.jpa.packages.PackageInstallationSpec;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.term.api.ITermDeferredStorageSvc;
import ca.uhn.fhir.jpa.validation.JpaValidationSupportChain;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.interceptor.RequestValidatingInterceptor;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r4.model.Resource;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A HAPI FHIR JPA server on loopback: {@code Serve DEFINITIONS PACKAGE NAME VERSION}.
 *
 * <p>DEFINITIONS has a conformance resource a line, of the packages that PACKAGE builds on; PACKAGE is installed by
 * HAPI's own installer. What is written is validated first, and refused with an error in it. Prints its port; ends
 * when its standard input does. Nothing is fetched from anywhere.
 */
public final class Serve {
  private static final int PAGE = 1000;

  private Serve() {}

  public static void main(String[] arguments) throws Exception {
    ApplicationContext beans = new AnnotationConfigApplicationContext(Storage.class);
    JpaValidationSupportChain chain = beans.getBean(JpaValidationSupportChain.class);
    chain.addValidationSupport(0, given(beans.getBean(FhirContext.class), Path.of(arguments[0])));
    // R4, required bindings of a CodeableConcept: one of its codings is in the value set, not each of them.
    chain.setCodeableConceptValidationSuccessfulIfNotAllCodingsAreValid(true);
    install(beans, Path.of(arguments[1]), arguments[2], arguments[3]);
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(0);
    server.addConnector(connector);
    ServletContextHandler root = new ServletContextHandler();
    root.setContextPath("/");
    root.addServlet(new ServletHolder(fhir(beans)), "/fhir/*");
    server.setHandler(root);
    server.start();
    System.out.println(connector.getLocalPort());
    while (System.in.read() >= 0) {
      // nothing is said there
    }
    System.exit(0);
  }

  private static PrePopulatedValidationSupport given(FhirContext context, Path definitions) throws IOException {
    PrePopulatedValidationSupport given = new PrePopulatedValidationSupport(context);
    IParser parser = context.newJsonParser();
    try (BufferedReader lines = Files.newBufferedReader(definitions)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        given.addResource((Resource) parser.parseResource(line));
      }
    }
    return given;
  }

  private static void install(ApplicationContext beans, Path archive, String name, String version) throws IOException {
    PackageInstallationSpec ours = new PackageInstallationSpec();
    ours.setName(name);
    ours.setVersion(version);
    ours.setPackageContents(Files.readAllBytes(archive));
    ours.setInstallMode(PackageInstallationSpec.InstallModeEnum.STORE_AND_INSTALL);
    ours.setFetchDependencies(false);
    beans.getBean(IPackageInstallerSvc.class).install(ours);
    beans.getBean(ITermDeferredStorageSvc.class).saveAllDeferred();
  }

  private static RestfulServer fhir(ApplicationContext beans) {
    RestfulServer fhir = new RestfulServer(beans.getBean(FhirContext.class));
    fhir.setInterceptorService(beans.getBean(IInterceptorService.class));
    fhir.registerProviders(beans.getBean(ResourceProviderFactory.class).createProviders());
    fhir.registerProvider(beans.getBean(IJpaSystemProvider.class));
    DatabaseBackedPagingProvider paging = beans.getBean(DatabaseBackedPagingProvider.class);
    paging.setMaximumPageSize(PAGE);
    fhir.setPagingProvider(paging);
    fhir.setServerConformanceProvider(
        new JpaCapabilityStatementProvider(
            fhir,
            beans.getBean(IFhirSystemDao.class),
            beans.getBean(JpaStorageSettings.class),
            beans.getBean(ISearchParamRegistry.class),
            beans.getBean(IValidationSupport.class)));
    RequestValidatingInterceptor onWrite = new RequestValidatingInterceptor();
    onWrite.addValidatorModule(beans.getBean(FhirInstanceValidator.class));
    onWrite.setFailOnSeverity(ResultSeverityEnum.ERROR);
    onWrite.setAddResponseHeaderOnSeverity(null);
    fhir.registerInterceptor(onWrite);
    return fhir;
  }
}
